import { memoryModes } from "../memory/memory-mode";
import type { JsonSchema } from "../schema/json-schema";
import type { ConfigInput, GenerateConfig } from "./config";
import { usualLimits } from "./limits";

const count = (description: string): JsonSchema => ({ type: "integer", minimum: 1, description });
const text = (description: string): JsonSchema => ({ type: "string", minLength: 1, description });
const prompt = (description: string): JsonSchema => ({
  type: ["string", "array"],
  items: { type: "string" },
  minItems: 1,
  description,
});

const limit = (value: number, maximum: number, description: string): JsonSchema => ({
  type: "integer",
  minimum: 1,
  maximum,
  default: value,
  description,
});
const share = (description: string): JsonSchema => ({ type: "number", minimum: 0, maximum: 1, description });
const size = (description: string, least: number): JsonSchema => ({
  type: "array",
  items: { type: "integer", minimum: least },
  minItems: 2,
  maxItems: 2,
  description,
});

const generate: Record<keyof GenerateConfig, JsonSchema> = {
  prompt: prompt("What the image shows. A list makes a batch."),
  prompt_2: prompt("For the second text encoder; the prompt when left out."),
  prompt_3: prompt("For the third text encoder; the prompt when left out."),
  negative_prompt: prompt("What the image must not show; one text, or one for each prompt."),
  negative_prompt_2: prompt("For the second text encoder; the negative prompt when left out."),
  negative_prompt_3: prompt("For the third text encoder; the negative prompt when left out."),
  class_labels: {
    type: "array",
    items: { type: ["integer", "string"], minimum: 0 },
    minItems: 1,
    description:
      "Classes to draw, for models that take no prompt; each makes an image. Numbers, or names where the checkpoint has some.",
  },
  num_inference_steps: count("Denoising steps."),
  guidance_scale: { type: "number", minimum: 0, description: "How strongly the prompt is followed." },
  guidance_rescale: share("How far guided predictions are brought back to the spread of the unguided ones. 0 is off."),
  true_cfg_scale: {
    type: "number",
    minimum: 0,
    description: "Guidance with a second pass, for models whose guidance_scale is an input. 1 is off.",
  },
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
  clip_skip: { type: "integer", minimum: 0, description: "Last layers of CLIP that are left out." },
  height: count("Pixels."),
  width: count("Pixels."),
  original_size: size("Height and width that the model is told the picture had; the image's own when left out.", 1),
  target_size: size("Height and width that the model is told to aim at; the image's own when left out.", 1),
  crops_coords_top_left: size("Top and left of the crop that the model is told of.", 0),
  seed: {
    type: "integer",
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "Start of the random numbers: the same seed gives the same image.",
  },
  num_images_per_prompt: count("Images for each prompt."),
  max_sequence_length: count("Most tokens of a prompt, template included; the rest is cut."),
  clean_caption: { type: "boolean", description: "Strip the prompt of addresses and markup. Only false is supported." },
  use_resolution_binning: {
    type: "boolean",
    description: "Draw at the nearest size that the model was trained on, and resize the image.",
  },
  sigmas: {
    type: "array",
    items: { type: "number", minimum: 0 },
    minItems: 1,
    description: "Noise levels instead of the scheduler's own, noisiest first; one for each step.",
  },
  timesteps: {
    type: "array",
    items: { type: "number", minimum: 0 },
    minItems: 1,
    description: "Timesteps instead of the scheduler's own, noisiest first; one for each step.",
  },
  image: text("File of the image to begin with, relative to this file."),
  strength: share("How much of the image to begin with is redrawn. 1 redraws all of it."),
  vae_tiling: {
    type: "boolean",
    description: "Decode and encode large images in overlapping tiles: less memory, slightly different pixels.",
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
  model: text(
    "The checkpoint: a diffusers folder or a safetensors file, relative to this file, or hf:owner/name@revision.",
  ),
  variant: {
    ...text('Variant of the weight files: "fp16" reads model.fp16.safetensors.'),
    pattern: "^[\\w.-]+$", // a part of a file's name, and no path
  },
  components: {
    type: "object",
    additionalProperties: text("A folder or a safetensors file, relative to this file, or hf:owner/name@revision."),
    description: 'Components in place of the checkpoint\'s own: { "vae": "../models/vae" }.',
  },
  lora: {
    type: "array",
    maxItems: 100,
    description: "LoRAs that are merged into the weights.",
    items: {
      type: ["string", "object"],
      required: ["path"],
      minLength: 1,
      additionalProperties: false,
      properties: {
        path: text("A safetensors file, or a folder with one, relative to this file."),
        scale: { type: "number", default: 1, description: "How much of the LoRA is added. 1 is all of it." },
      },
    },
  },
  device: { ...text('ONNX Runtime execution provider: "cpu", "webgpu", "cuda".'), default: "cpu" },
  memory: {
    type: "string",
    enum: [...memoryModes],
    default: "resident",
    description:
      "When weights are in memory: all of the time, those of one component at a time, or of one part of a component.",
  },
  device_map: {
    type: ["string", "object"],
    additionalProperties: {
      type: ["string", "object"],
      minLength: 1,
      additionalProperties: text("Execution provider of these modules."),
    },
    description:
      'Providers by component: { "transformer": "cuda", "vae": "cpu" }, or by its modules: { "transformer": { "layers.0-14": "cuda" } }. "balanced" shares the weights out among the accelerators that work here.',
  },
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
  limits: {
    type: "object",
    additionalProperties: false,
    description: "What one generation may ask for at most. Larger numbers are refused before anything is computed.",
    properties: {
      num_inference_steps: limit(usualLimits.num_inference_steps, 1_000_000, "Denoising steps."),
      images: limit(usualLimits.images, 100_000, "Prompts, or classes, times num_images_per_prompt."),
      side: limit(usualLimits.side, 65_536, "Pixels along a side."),
      max_sequence_length: limit(usualLimits.max_sequence_length, 65_536, "Tokens of a prompt."),
      memory_gb: {
        type: "number",
        exclusiveMinimum: 0,
        description:
          "What it takes besides the weights, by estimate, in 10^9 bytes; this machine's memory when left out.",
      },
    },
  },
  plugins: {
    type: "array",
    default: [],
    maxItems: 100,
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
        components: {
          type: "array",
          items: { type: "string", minLength: 1 },
          minItems: 1,
          uniqueItems: true,
          description:
            'Components whose weights and attentions it may take over: ["transformer", "text_encoder"]. The denoiser alone when left out.',
        },
      },
    },
  },
  strict: { type: "boolean", default: false, description: "Make a plugin that had no effect an error." },
};

/** Core's part of the config, without the options of schedulers and plugins. */
export const coreSchema: JsonSchema = { type: "object", additionalProperties: false, required: ["model"], properties };

/** Names of the keys of `generate`. */
export const generateKeys = Object.keys(generate) as readonly (keyof GenerateConfig)[];
