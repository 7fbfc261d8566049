/**
 * All packages are released together, in one version. In the repository a plugin takes any core, because changesets would
 * make each release of core that leaves a peer's range, as every 0.x does, a major one of the plugin; what is packed asks
 * for the core of its own release, which is checked when a pipeline is assembled (SKIPSTEP_PLUGIN_CORE).
 */
function beforePacking(json) {
  const { peerDependencies } = json;
  if (!json.name.startsWith("@skipstep/") || !peerDependencies?.["@skipstep/core"]) return json;
  return { ...json, peerDependencies: { ...peerDependencies, "@skipstep/core": `^${json.version}` } };
}

module.exports = { hooks: { beforePacking } };
