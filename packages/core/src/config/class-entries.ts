import { manifestOf, type PluginClass } from "../plugins/plugin";
import { copyJson, type JsonObject } from "../schema/json";
import type { ConfigInput } from "./config";

/**
 * A config made in code, with a name in place of each plugin class, so that it can be merged and checked like a file.
 */
export function plainInput(input: ConfigInput): { value: JsonObject; classes: ReadonlyMap<string, PluginClass> } {
  const classes = new Map<string, PluginClass>();
  const nameFor = (use: string | PluginClass): string => {
    if (typeof use !== "function") return use;
    const name = manifestOf(use)?.name ?? use.name;
    classes.set(name, use);
    return name;
  };
  const { plugins } = input;
  if (!Array.isArray(plugins)) return { value: copyJson(input) as JsonObject, classes };
  const entries = (plugins as NonNullable<ConfigInput["plugins"]>).map((entry) =>
    typeof entry === "object" && entry !== null ? { ...entry, use: nameFor(entry.use) } : nameFor(entry),
  );
  return { value: copyJson({ ...input, plugins: entries }) as JsonObject, classes };
}
