import { BuildHookRunner } from "../packages/core/src/plugins/build-hooks";
import { createHost } from "../packages/core/src/plugins/host";
import { manifestOf } from "../packages/core/src/plugins/plugin";
import type { JsonObject } from "../packages/core/src/schema/json";
import { validate } from "../packages/core/src/schema/validate";
import type { UsedPlugin } from "./low-bit-kinds";

/** The build hooks of plugins, in this order, as a pipeline asks them; receipts say what each took. */
export function hooksOf(plugins: readonly UsedPlugin[], denoiser: string): BuildHookRunner {
  const entries = plugins.map(({ use, options: given }) => {
    const manifest = manifestOf(use)!;
    const options: JsonObject = { ...(given as JsonObject) };
    const findings = validate(manifest.options, options, [], true); // fills in defaults
    if (findings.length > 0) throw new TypeError(`${manifest.name}: ${findings.map(({ text }) => text).join()}`);
    return { use: manifest.name, plugin: use, manifest, version: "local", options };
  });
  return new BuildHookRunner(createHost(entries), denoiser);
}
