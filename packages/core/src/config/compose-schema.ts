import type { AnyManifest } from "../plugins/plugin";
import { shortName } from "../plugins/resolve";
import { isObject } from "../schema/json";
import type { JsonSchema } from "../schema/json-schema";
import type { ConfigCatalogue } from "./check-model";
import { type SchedulerSchemas, schedulerSchema } from "./check-scheduler";
import { coreSchema } from "./core-schema";

/** A plugin whose options the schema is to know. */
export interface SchemaPlugin {
  /** Package name or path, as configs write it. */
  readonly use: string;
  readonly manifest: AnyManifest;
}

/**
 * JSON Schema (draft-07) of a whole config, for editors: core's keys, every scheduler's options by its `type`, every
 * plugin's by its `use`.
 */
export function composeSchema(
  plugins: readonly SchemaPlugin[],
  { schedulerSchemas, settingsSchema }: Pick<ConfigCatalogue, "schedulerSchemas" | "settingsSchema">,
): JsonSchema {
  const schema = coreSchema(settingsSchema);
  const { scheduler, plugins: list, ...core } = schema.properties!;
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    $id: "urn:skipstep:schema:pipeline",
    title: "Skipstep pipeline",
    ...schema,
    properties: {
      ...core,
      scheduler: withSchedulers(scheduler!, schedulerSchemas),
      plugins: withPlugins(list!, plugins),
    },
  };
}

function withSchedulers(scheduler: JsonSchema, schedulers: SchedulerSchemas): JsonSchema {
  const type = { ...scheduler.properties!.type, enum: Object.keys(schedulers) };
  const allOf = Object.entries(schedulers).map(([name, schema]) =>
    when({ properties: { type: { const: name } }, required: ["type"] }, forEditors(schedulerSchema(schema))),
  );
  return { ...scheduler, properties: { type }, ...(allOf.length === 0 ? {} : { allOf }) };
}

function withPlugins(list: JsonSchema, plugins: readonly SchemaPlugin[]): JsonSchema {
  const items = list.items as JsonSchema;
  const names = plugins.map(({ use }) => [...new Set([use, shortName(use)])]);
  const allOf = plugins.map(({ manifest }, i) => {
    const { description } = manifest;
    const options = forEditors({ additionalProperties: false, description, ...(manifest.options as JsonSchema) });
    return when(
      { type: "object", properties: { use: { enum: names[i] } }, required: ["use"] },
      { properties: { options } },
    );
  });
  const use = { ...items.properties!.use, examples: names.flat() };
  return {
    ...list,
    items: { ...items, properties: { ...items.properties, use }, ...(allOf.length === 0 ? {} : { allOf }) },
  };
}

function when(condition: JsonSchema, schema: JsonSchema): JsonSchema {
  // biome-ignore lint/suspicious/noThenProperty: it is JSON Schema's word
  return { if: condition, then: schema };
}

/** `nullable` is Ajv's word; editors know `"type": [..., "null"]`. */
function forEditors(schema: JsonSchema): JsonSchema {
  const { nullable, ...rest } = schema;
  const entries = Object.entries(rest).map(([key, value]): [string, unknown] => {
    if (key === "type" && nullable === true) return [key, [...new Set([value, "null"].flat())]];
    if (Array.isArray(value)) return [key, value.map((item: unknown) => (isObject(item) ? forEditors(item) : item))];
    return [key, isObject(value) && key !== "default" ? forEditors(value) : value];
  });
  return Object.fromEntries(entries);
}
