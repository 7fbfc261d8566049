import type { ConfigInput, GenerateConfig } from "./config";

/** As much of JSON Schema (draft-07) as is looked into here. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

const count = (description: string): JsonSchema => ({ type: "integer", minimum: 1, description });
const text = (description: string): JsonSchema => ({ type: "string", minLength: 1, description });
const prompt = (description: string): JsonSchema => ({
  type: ["string", "array"],
  items: { type: "string" },
  minItems: 1,
  description,
});

const generate: Record<keyof GenerateConfig, JsonSchema> = {
  prompt: prompt("What the image shows. A list makes a batch."),
  negative_prompt: prompt("What the image must not show; one text, or one for each prompt."),
  num_inference_steps: count("Denoising steps."),
  guidance_scale: { type: "number", minimum: 0, description: "How strongly the prompt is followed." },
  cfg_normalization: {
    type: "number",
    minimum: 0,
    description: "Rescales guided predictions that grew longer than this times the unguided one. 0 is off.",
  },
  cfg_truncation: {
    type: "number",
    minimum: 0,
    description: "No guidance beyond this share of the way from noise to image. 1 guides all the way.",
  },
  height: count("Pixels."),
  width: count("Pixels."),
  seed: {
    type: "integer",
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "Start of the random numbers: the same seed gives the same image.",
  },
  num_images_per_prompt: count("Images for each prompt."),
  max_sequence_length: count("Most tokens of a prompt, template included; the rest is cut."),
  sigmas: {
    type: "array",
    items: { type: "number", minimum: 0 },
    minItems: 1,
    description: "Noise levels instead of the scheduler's own, noisiest first; one for each step.",
  },
};

/** What `generate` takes, in the config and in code. */
export const generateSchema: JsonSchema = { type: "object", additionalProperties: false, properties: generate };

const properties: Record<keyof ConfigInput, JsonSchema> = {
  $schema: { type: "string", description: "Where editors find the schema of this file; see `skipstep schema`." },
  extends: {
    type: ["string", "array"],
    items: { type: "string", minLength: 1 },
    minLength: 1,
    description: "Config files that this one builds on, relative to this file. Later ones win, and this one over all.",
  },
  model: text("The checkpoint: a diffusers folder, relative to this file."),
  variant: text('Variant of the weight files: "fp16" reads model.fp16.safetensors.'),
  device: { ...text('ONNX Runtime execution provider: "cpu", "webgpu", "cuda".'), default: "cpu" },
  scheduler: {
    type: "object",
    description: "Options over those of the checkpoint's scheduler, or another scheduler.",
    properties: { type: text("Class name of the scheduler; the checkpoint's own when left out.") },
  },
  generate: {
    ...generateSchema,
    description: "What to generate. What is left out is the model family's default.",
    default: {},
  },
  guidance: {
    type: "string",
    enum: ["batch", "separate"],
    default: "batch",
    description: "Run the guidance branches as one batch, or one after the other: less memory, separate plugin state.",
  },
  plugins: {
    type: "array",
    default: [],
    description: "Plugins in the order in which they stand around the model, outermost first.",
    items: {
      type: ["string", "object"],
      required: ["use"],
      additionalProperties: false,
      properties: {
        use: text(
          "Package name, its short form (fbcache for @skipstep/plugin-fbcache), or a path relative to this file.",
        ),
        options: { type: "object", description: "The plugin's own options." },
      },
    },
  },
  strict: { type: "boolean", default: false, description: "Make a plugin that had no effect an error." },
};

/** Core's part of the config, without the options of schedulers and plugins. */
export const coreSchema: JsonSchema = { type: "object", additionalProperties: false, required: ["model"], properties };

/** Names of the keys of `generate`. */
export const generateKeys: readonly string[] = Object.keys(generate);
