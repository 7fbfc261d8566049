/** The reference of a config's keys, as Markdown, out of the JSON Schema that editors and `validate` have. */

/** What of JSON Schema the config's schema uses. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema | readonly Schema[];
  readonly allOf?: readonly { readonly if: Schema; readonly then: Schema }[];
  readonly const?: unknown;
}

export function configReference(config: Schema): string {
  const { scheduler, plugins, ...others } = config.properties!;
  const schedulers = scheduler!.allOf!.map(({ if: when, then }) => [`${when.properties!.type!.const}`, then] as const);
  const entry = plugins!.items as Schema;
  const options = entry.allOf!.map(({ if: when, then }) => {
    const [, short] = when.properties!.use!.enum as string[];
    return [short!, then.properties!.options!] as const;
  });
  return [
    table(config.properties!, config.required),
    ...Object.entries(others).flatMap(([key, schema]) => part(key, schema)),
    ...part("scheduler", scheduler!),
    ...schedulers.flatMap(([name, schema]) => section(4, name, schema)),
    ...part("plugins", plugins!),
    ...options.flatMap(([name, schema]) => section(4, name, schema)),
  ].join("\n\n");
}

/** A heading and a table for what has keys of its own, or is a list of such. */
function part(key: string, schema: Schema): string[] {
  const inner = schema.properties ? schema : (schema.items as Schema | undefined);
  if (!inner?.properties) return [];
  const nested = Object.entries(inner.properties).filter(
    ([name, { properties }]) => properties && key !== "plugins" && name,
  );
  return [
    `### ${schema === inner ? key : `${key}[]`}`,
    schema.description ?? "",
    table(inner.properties, inner.required),
    ...nested.flatMap(([name, one]) => section(4, `${key}.${name}`, one)),
  ];
}

function section(level: number, name: string, { description, properties, required }: Schema): string[] {
  const told = description === undefined ? [] : [description];
  const rows = properties && Object.keys(properties).length > 0 ? table(properties, required) : "No options.";
  return [`${"#".repeat(level)} ${name}`, ...told, rows];
}

function table(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): string {
  const rows = Object.entries(properties).map(([key, schema]) => [
    `\`${key}\``,
    valuesOf(schema),
    required.includes(key) ? "required" : schema.default === undefined ? "" : code(schema.default),
    cell(schema.description ?? ""),
  ]);
  return [["key", "value", "default", ""], ["---", "---", "---", "---"], ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function valuesOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map(code).join(", ");
  const types = [schema.type ?? "any"].flat();
  return types.map((type) => oneTypeOf(type, schema)).join(" or ");
}

function oneTypeOf(type: string, schema: Schema): string {
  if (type === "array") return listOf(schema.items);
  if (type === "object" && typeof schema.additionalProperties === "object")
    return `object of ${valuesOf(schema.additionalProperties)}`;
  if (type === "integer" || type === "number") return `${type}${bounds(schema)}`;
  return type;
}

function listOf(items: Schema | readonly Schema[] | undefined): string {
  if (items === undefined) return "list";
  return Array.isArray(items)
    ? `[${items.map((item: Schema) => valuesOf(item)).join(", ")}]`
    : `list of ${valuesOf(items as Schema)}`;
}

function bounds({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Schema): string {
  const parts = [
    minimum === undefined ? [] : [`>= ${minimum}`],
    exclusiveMinimum === undefined ? [] : [`> ${exclusiveMinimum}`],
    maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? [] : [`<= ${maximum}`],
    exclusiveMaximum === undefined ? [] : [`< ${exclusiveMaximum}`],
  ].flat();
  return parts.length === 0 ? "" : ` ${parts.join(", ")}`;
}

function code(value: unknown): string {
  return `\`${cell(JSON.stringify(value))}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
