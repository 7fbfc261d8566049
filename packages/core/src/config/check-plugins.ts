import type { Structure } from "../architecture/structure";
import { SkipstepError } from "../errors/error";
import { isUnfit, optionsSchemaInvalid } from "../errors/plugins";
import { type FamiliesWith, findConflicts, findMissingFeatures } from "../plugins/conflicts";
import { type FoundPlugin, importPlugin, locatePlugin, type PluginCode, pluginOfClass } from "../plugins/discover";
import type { PluginClass } from "../plugins/plugin";
import { closedSchema } from "../schema/derived-schema";
import { type Finding, findingOf } from "../schema/finding";
import { isObject, type JsonObject, type JsonPath } from "../schema/json";
import { validate } from "../schema/validate";

/** A plugin with its place in the config. */
export interface PlacedPlugin extends FoundPlugin {
  readonly index: number;
  readonly options: JsonObject;
  /** Whether they follow the manifest's schema. */
  readonly valid: boolean;
}

/** Where plugins come from. */
export interface PluginSources {
  /** Folder of whatever says the value at a path. */
  folderOf(path: JsonPath): string;
  /** Classes that were passed in code, by the names that stand for them. */
  readonly classes: ReadonlyMap<string, PluginClass>;
  /** False finds them, and loads none. */
  readonly isLoading: boolean;
}

export interface CheckedPlugins {
  readonly plugins: readonly PlacedPlugin[];
  /** The modules that they are, or would be, loaded from. */
  readonly code: readonly PluginCode[];
  readonly findings: readonly Finding[];
}

/**
 * Finds every plugin that a config names and checks its options, filling in their defaults.
 *
 * @param entries the config's `plugins`
 */
export async function checkPlugins(entries: unknown, sources: PluginSources): Promise<CheckedPlugins> {
  const plugins: PlacedPlugin[] = [];
  const code: PluginCode[] = [];
  const findings: Finding[] = [];
  for (const [index, entry] of (Array.isArray(entries) ? entries : []).entries()) {
    if (!isObject(entry) || typeof entry.use !== "string" || entry.use === "") continue; // told by core's schema
    const at = ["plugins", index, "use"];
    try {
      const passed = sources.classes.get(entry.use);
      const located = passed ? undefined : locatePlugin(entry.use, sources.folderOf(at));
      if (located) code.push(located);
      if (!sources.isLoading) continue;
      const found = located ? await importPlugin(located) : pluginOfClass(passed!);
      const { options = {} } = entry;
      if (isObject(options)) {
        const problems = checkOptions(found, options, ["plugins", index, "options"]);
        findings.push(...problems);
        plugins.push({ ...found, index, options, valid: problems.length === 0 });
      }
    } catch (error) {
      if (!(error instanceof SkipstepError)) throw error;
      findings.push(findingOf(at, error));
    }
  }
  return { plugins, code, findings: [...findings, ...misfits(findConflicts(plugins))] };
}

/** Plugins that the model has not got what they need for, or that their options do not fit. */
export function checkFeatures(
  plugins: readonly PlacedPlugin[],
  structure: Structure,
  familiesWith: FamiliesWith,
): Finding[] {
  const missing = findMissingFeatures(plugins, structure, familiesWith);
  const others = plugins.filter(({ index, valid }) => valid && missing.every((error) => error.index !== index));
  return misfits([...missing, ...others.flatMap((plugin) => unfitOptions(plugin, structure))]);
}

/** What a plugin says itself when it is asked for its regions. Any other error is told when the model is built. */
function unfitOptions(
  { index, manifest, options }: PlacedPlugin,
  structure: Structure,
): { index: number; error: SkipstepError }[] {
  try {
    manifest.regions?.(structure, options);
    return [];
  } catch (error) {
    return isUnfit(error) ? [{ index, error }] : [];
  }
}

function misfits(errors: readonly { index: number; error: SkipstepError }[]): Finding[] {
  return errors.map(({ index, error }) => findingOf(["plugins", index], error));
}

function checkOptions({ manifest }: FoundPlugin, options: JsonObject, at: JsonPath): Finding[] {
  try {
    return validate(closedSchema(manifest.options), options, at, true);
  } catch (error) {
    throw optionsSchemaInvalid(manifest.name, error);
  }
}
