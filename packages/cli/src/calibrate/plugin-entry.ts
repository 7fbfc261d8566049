import type { CheckedConfig, ConfigInput, PluginUse } from "@skipstep/core";
import { type AnyManifest, decisionsOf } from "@skipstep/core/plugin";

/** The config with the plugin computing everything, and without others that skip work. */
export function probeConfig(loaded: CheckedConfig, use: string, manifest: AnyManifest): ConfigInput {
  const probe = (own: object): object => ({ ...own, ...manifest.calibration!.options });
  return { ...loaded.config, strict: false, plugins: entriesWith(loaded, use, manifest, probe) };
}

/** The config with the plugin as it is to be used. @param found what the calibration came to */
export function calibratedConfig(
  loaded: CheckedConfig,
  use: string,
  manifest: AnyManifest,
  found: object,
): ConfigInput {
  const replaced = Object.keys(manifest.calibration!.options);
  const kept = (own: object): object =>
    Object.fromEntries(Object.entries(own).filter(([key]) => !replaced.includes(key)));
  return { ...loaded.config, plugins: entriesWith(loaded, use, manifest, (own) => ({ ...kept(own), ...found })) };
}

/** All plugins but those that decide beside this one; it goes to the end where it was not there. */
function entriesWith(
  { config, plugins }: CheckedConfig,
  use: string,
  manifest: AnyManifest,
  change: (own: object) => object,
): PluginUse[] {
  const entries = config.plugins.map((entry, i) => ({ entry, loaded: plugins.plugins[i]! }));
  const isOwn = ({ loaded }: (typeof entries)[number]): boolean => loaded.name === manifest.name;
  const own = decisionsOf(manifest);
  const isBeside = ({ loaded }: (typeof entries)[number]): boolean =>
    !decisionsOf(loaded.manifest).some((decision) => own.includes(decision));
  const others = entries.filter((each) => isOwn(each) || isBeside(each));
  const changed = others.map((each) =>
    isOwn(each) ? { ...each.entry, options: change(each.entry.options) } : each.entry,
  );
  return others.some(isOwn) ? changed : [...changed, { use, options: change({}) }];
}
