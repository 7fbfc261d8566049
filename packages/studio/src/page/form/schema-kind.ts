import type { JsonSchema } from "../../forms";

/** The kind of field that a schema asks for. */
export type SchemaKind = "choice" | "flag" | "number" | "text" | "list" | "json";

const numbers: readonly string[] = ["number", "integer"];

export function schemaKind(schema: JsonSchema): SchemaKind {
  if (schema.enum) return "choice";
  const types = typesOf(schema);
  if (types.length === 0 || types.includes("object")) return "json";
  if (types.every((type) => numbers.includes(type))) return "number";
  if (types.length === 1 && types[0] === "boolean") return "flag";
  if (types.length === 1 && types[0] === "string") return "text";
  const items = schema.items ?? schema.anyOf?.find(({ type }) => type === "array")?.items;
  const isPlain = items && typesOf(items).every((type) => numbers.includes(type) || type === "string");
  return types.includes("array") && isPlain && !types.includes("boolean") ? "list" : "json";
}

/** Without null, which is what an empty field says. */
function typesOf(schema: JsonSchema): string[] {
  const own = [schema.type ?? []].flat();
  const types = own.length > 0 ? own : (schema.anyOf ?? []).flatMap(typesOf);
  return types.filter((type) => type !== "null");
}

/** A value as a text field shows it. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value) && value.every((entry) => typeof entry !== "object")) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * What was typed, as a request says it; `undefined` for an empty field.
 * @throws SyntaxError for what is no JSON, where that is meant
 */
export function valueOfText(kind: SchemaKind, schema: JsonSchema, text: string): unknown {
  if (text.trim() === "") return undefined;
  if (kind === "number") return Number(text);
  if (kind === "text") return text;
  if (kind === "json") return JSON.parse(text);
  const entries = text.split(",").map((entry) => entry.trim());
  const values = entries.filter((entry) => entry !== "").map((entry) => plain(entry));
  const isAlone =
    values.length === 1 && typesOf(schema).some((type) => type !== "array" && type === typeName(values[0]));
  return isAlone ? values[0] : values;
}

function plain(entry: string): string | number {
  return Number.isNaN(Number(entry)) ? entry : Number(entry);
}

function typeName(value: unknown): string {
  return typeof value; // an integer alone counts as a number in lists
}

/** `max_sequence_length` as people read it. */
export function nameOf(key: string): string {
  const words = names[key] ?? key.replaceAll("_", " ");
  return words[0]!.toUpperCase() + words.slice(1);
}

const names: Readonly<Record<string, string>> = {
  prompt: "Prompt",
  num_inference_steps: "Steps",
  guidance_scale: "Guidance",
  true_cfg_scale: "True guidance",
  image: "Image to begin with",
  mask: "Mask",
  image_reference: "Image to look at besides",
  control_image: "Picture for the ControlNet",
  vae_tiling: "Decode in tiles",
};
