import { runtimeVersion } from "../compiler/runtime-version";
import type { PluginHost } from "../plugins/host";
import { coreVersion } from "../version";

/** Versions of all that an image depends on, by package name; plugins by their own name. */
export function versionsOf({ plugins }: PluginHost): Readonly<Record<string, string>> {
  return {
    "@skipstep/core": coreVersion,
    "onnxruntime-node": runtimeVersion,
    node: process.versions.node,
    ...Object.fromEntries(plugins.map(({ name, version }) => [name, version])),
  };
}
