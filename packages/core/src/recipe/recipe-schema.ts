import { isObject } from "../schema/json";
import type { JsonSchema } from "../schema/json-schema";
import { validate } from "../schema/validate";
import { pictureSettingNames } from "../settings/common-settings";

const text: JsonSchema = { type: "string" };
const texts: JsonSchema = { type: "object", additionalProperties: { type: "string" } };
const prompt: JsonSchema = { type: ["string", "array"], items: { type: "string" } };

/** As `readRecipeConfig` leaves them. */
const file: JsonSchema = {
  type: "object",
  required: ["name"],
  properties: { name: text, sha256: text, hub: text, path: text },
};

/** One, or several. */
const files: JsonSchema = { ...file, type: ["object", "array"], items: file };

const loras: JsonSchema = {
  type: "array",
  items: { type: "object", required: ["path"], properties: { path: file, scale: { type: "number" } } },
};

/** What is needed to tell of a recipe; the config in it is checked as any other when it is used. */
const schema: JsonSchema = {
  type: "object",
  required: ["recipe", "config", "image", "versions", "weights", "plugins"],
  properties: {
    image: { type: "integer", minimum: 0 },
    config: {
      type: "object",
      required: ["model", "generate", "plugins"],
      properties: {
        model: file,
        components: { type: "object", additionalProperties: file },
        lora: loras,
        textual_inversions: {
          type: "array",
          items: { type: "object", required: ["path"], properties: { path: file, token: prompt } },
        },
        variant: { type: "string" },
        device: { type: "string" },
        dtype: { type: ["string", "object"], additionalProperties: { type: "string" } },
        scheduler: { type: "object", properties: { type: { type: "string" } } },
        generate: {
          type: "object",
          properties: {
            prompt,
            negative_prompt: prompt,
            num_images_per_prompt: { type: "integer", minimum: 1 },
            ...Object.fromEntries(pictureSettingNames.map((name) => [name, files])),
            loras,
          },
        },
        plugins: {
          type: "array",
          items: {
            type: "object",
            required: ["use"],
            properties: { use: { ...file, type: ["string", "object"] }, options: { type: "object" } },
          },
        },
      },
    },
    versions: texts,
    weights: texts,
    missing: { type: "array", items: { type: "string" } },
    plugins: {
      type: "array",
      items: {
        type: "object",
        required: ["name", "regions"],
        properties: {
          name: { type: "string" },
          summary: { type: "string" },
          regions: {
            type: "array",
            items: {
              type: "object",
              required: ["name", "reused"],
              properties: { name: { type: "string" }, reused: { type: "array", items: { type: "integer" } } },
            },
          },
        },
      },
    },
  },
};

/** Versions of the format that are read. */
const versions: readonly unknown[] = [1, 2];

const unread = "carries a recipe that this version does not read";

/** What keeps a value from being a recipe, as a phrase after the file's name; `undefined` for one that is. */
export function recipeProblem(value: unknown): string | undefined {
  if (!isObject(value) || !versions.includes(value.recipe)) return unread;
  const [finding] = validate(schema, value, [], false);
  return finding && `${unread}. Its /${finding.path.join("/")}${finding.text.replace(/\.$/, "")}`;
}
