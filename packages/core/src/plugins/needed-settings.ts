import { messageOf } from "../errors/error";
import { manifestInvalid, settingsUnmet } from "../errors/plugins";
import type { Finding } from "../schema/finding";
import type { JsonObject } from "../schema/json";
import type { JsonSchema } from "../schema/json-schema";
import { validate } from "../schema/validate";
import type { AnyManifest } from "./plugin";

/** A plugin as far as it says what it needs beside it. */
export interface Needing {
  readonly manifest: Pick<AnyManifest, "name" | "settings">;
}

/** What a config says otherwise than its plugins need. What a request may still say is left to `checkRequestSettings`. */
export function unmetSettings(plugins: readonly Needing[], config: JsonObject): Finding[] {
  return plugins.flatMap(({ manifest: { name, settings } }) => {
    if (settings === undefined) return [];
    const { generate, ...others } = settings.properties ?? {};
    const { required: _, ...given } = generate ?? {};
    const properties = { ...others, ...(generate ? { generate: objectOf(given) } : {}) };
    return problemsOf(name, { ...settings, properties }, config).map((finding) => ({
      ...finding,
      code: "SKIPSTEP_PLUGIN_SETTINGS" as const,
      text: ` is not what plugin "${name}" needs: it${finding.text}`,
    }));
  });
}

/**
 * Looks at a generation's settings, the config's and the family's defaults among them.
 * @throws SKIPSTEP_PLUGIN_SETTINGS for the first that a plugin needs otherwise
 */
export function checkRequestSettings(plugins: readonly Needing[], settings: JsonObject): void {
  for (const { manifest } of plugins) {
    const generate = manifest.settings?.properties?.generate;
    const [problem] = generate ? problemsOf(manifest.name, generate, settings) : [];
    if (problem) throw settingsUnmet(manifest.name, problem.path.join("."), problem.text.trim());
  }
}

/** @throws SKIPSTEP_PLUGIN_MANIFEST for what is no JSON Schema */
function problemsOf(plugin: string, schema: JsonSchema, value: JsonObject): Finding[] {
  try {
    return validate(objectOf(schema), value, [], false);
  } catch (error) {
    throw manifestInvalid(plugin, `has "settings" that are no JSON Schema: ${messageOf(error)}`);
  }
}

function objectOf(schema: JsonSchema): JsonSchema {
  return { type: "object", ...schema };
}
