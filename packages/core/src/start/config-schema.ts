import { composeSchema } from "../config/compose-schema";
import { findPlugin } from "../plugins/discover";
import { installedPlugins } from "../plugins/installed";
import type { JsonObject } from "../schema/json";
import { schemasOf } from "./catalogue";

/**
 * JSON Schema of a config, for editors: core's keys, every scheduler, and the options of the plugins that are installed.
 * @param folder where the configs lie
 * @param options with `plugins: false` no code is loaded, and plugins' options are not in it
 * @throws what `findPlugin` throws for a plugin that is broken
 */
export async function configSchema(
  folder: string,
  { plugins = true }: { readonly plugins?: boolean } = {},
): Promise<JsonObject> {
  const found = (plugins ? installedPlugins(folder) : []).map(async ({ name }) => ({
    use: name,
    manifest: (await findPlugin(name, folder)).manifest,
  }));
  const manifests = await Promise.all(found);
  return composeSchema(manifests, schemasOf(manifests)) as JsonObject;
}
