import { manifestOf } from "@skipstep/core/plugin";

/** A plugin's options as its schema fills them in. */
export function optionDefaults(plugin: unknown): Record<string, unknown> {
  const { properties } = manifestOf(plugin)!.options as { readonly properties: Readonly<Record<string, object>> };
  return Object.fromEntries(
    Object.entries(properties).map(([name, { default: value }]: [string, { default?: unknown }]) => [name, value]),
  );
}
