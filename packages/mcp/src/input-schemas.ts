import { pictureSettingNames } from "@skipstep/core";

/** As much of JSON Schema as is looked into here. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly [keyword: string]: unknown;
}

/** A tool's arguments; all but these are refused. */
export interface InputSchema extends Schema {
  readonly type: "object";
  readonly properties: Readonly<Record<string, Schema>>;
}

/** Pictures that an image begins with: there are tools of their own for them. */
const beginnings = ["image", "mask", "image_reference", "strength", "padding_mask_crop"];

/** What is drawn from nothing, from an image, and in a part of one, with the settings of all served models. */
export interface DrawingSchemas {
  readonly generate: InputSchema;
  /** Where a model takes an image. */
  readonly edit?: InputSchema;
  /** Where a model takes a mask. */
  readonly inpaint?: InputSchema;
}

/**
 * @param models schemas of their jobs; the first is the one that is drawn with when none is named
 * @param withFiles pictures may be files
 */
export function drawingSchemas(models: readonly Schema[], withFiles: boolean): DrawingSchemas {
  const joined: Record<string, Schema> = {};
  for (const { properties = {} } of models)
    for (const [name, schema] of Object.entries(properties))
      joined[name] ??= ownOf(name, schema, models.length, withFiles);
  const model = { ...joined.model, enum: models.flatMap(({ properties }) => properties?.model?.enum ?? []) };
  const all: Readonly<Record<string, Schema>> = { ...joined, model };
  const needed = (models[0]?.required ?? []).filter((name) =>
    models.every(({ required = [] }) => required.includes(name)),
  );
  const without = (names: readonly string[]): Readonly<Record<string, Schema>> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
  const schema = (properties: Readonly<Record<string, Schema>>, required: readonly string[]): InputSchema => ({
    type: "object",
    additionalProperties: false,
    properties,
    required: [...needed, ...required],
  });
  return {
    generate: schema(without(beginnings), []),
    ...(all.image ? { edit: schema(without(["mask", "image_reference", "padding_mask_crop"]), ["image"]) } : {}),
    ...(all.image && all.mask ? { inpaint: schema(all, ["image", "mask"]) } : {}),
  };
}

/** A default is one model's; where there are several it would be told of all. */
function ownOf(name: string, schema: Schema, models: number, withFiles: boolean): Schema {
  const { default: usual, ...rest } = schema;
  const told: Schema = name === "mask" ? { ...rest, description: maskDescription } : rest;
  const isPicture = (pictureSettingNames as readonly string[]).includes(name);
  const own = usual === undefined || models > 1 ? told : { ...told, default: usual };
  return isPicture && withFiles ? withFile(own) : own;
}

const maskDescription =
  "Where the image is drawn anew: what is transparent in it, or white in one without transparency. A PNG, JPEG or WebP in base64, or a data: address of it.";

function withFile({ description, ...schema }: Schema): Schema {
  const one = {
    anyOf: [
      { type: "string" },
      {
        type: "object",
        additionalProperties: false,
        required: ["file"],
        properties: { file: { type: "string", description: "A file in a folder that the operator allowed." } },
      },
    ],
  };
  const isList = Array.isArray(schema.type);
  return { description, anyOf: isList ? [...one.anyOf, { type: "array", items: one }] : one.anyOf };
}

/** @returns what is wrong with the names of a tool's arguments; values are the server's to check */
export function misnamed(
  { properties, required = [] }: InputSchema,
  given: Readonly<Record<string, unknown>>,
): { readonly code: string; readonly message: string; readonly param: string } | undefined {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(properties, name));
  if (unknown !== undefined)
    return { code: "unknown_parameter", message: `Unknown argument: ${JSON.stringify(unknown)}.`, param: unknown };
  const missing = required.find((name) => given[name] === undefined);
  return missing === undefined
    ? undefined
    : { code: "missing_parameter", message: `"${missing}" is missing.`, param: missing };
}
