import type { JsonSchema } from "../schema/json-schema";
import { commonSettings } from "./common-settings";
import type { SettingTable } from "./setting";

/** What `generate` takes of one of several families, in the config and in code: each setting of any of them. */
export function settingsSchema(tables: readonly SettingTable[]): JsonSchema {
  const settings = Object.assign({}, commonSettings, ...tables) as SettingTable;
  const properties = Object.fromEntries(Object.entries(settings).map(([name, { schema }]) => [name, schema]));
  return { type: "object", additionalProperties: false, properties };
}
