import { memoryModes } from "../memory/memory-mode";
import type { JsonSchema } from "../schema/json-schema";
import { choice, flag, integer, list, number, text } from "../schema/option";
import type { ConfigInput, GenerateConfig } from "./config";
import { usualLimits } from "./limits";

/** Settings whose default is the model family's to say. */
const unset = undefined;

const prompt = (description: string): JsonSchema => ({
  ...list(unset, { type: "string" }, { minItems: 1, description }),
  type: ["string", "array"],
});
const pair = (least: number, description: string): JsonSchema =>
  list(unset, integer(unset, { minimum: least }), { minItems: 2, maxItems: 2, description });

const generate: Record<keyof GenerateConfig, JsonSchema> = {
  prompt: prompt("What the image shows. A list makes a batch."),
  prompt_2: prompt("For the second text encoder; the prompt when left out."),
  prompt_3: prompt("For the third text encoder; the prompt when left out."),
  negative_prompt: prompt("What the image must not show; one text, or one for each prompt."),
  negative_prompt_2: prompt("For the second text encoder; the negative prompt when left out."),
  negative_prompt_3: prompt("For the third text encoder; the negative prompt when left out."),
  class_labels: list(
    unset,
    { type: ["integer", "string"], minimum: 0 },
    {
      minItems: 1,
      description:
        "Classes to draw, for models that take no prompt; each makes an image. Numbers, or names where the checkpoint has some.",
    },
  ),
  num_inference_steps: integer(unset, { minimum: 1, description: "Denoising steps." }),
  guidance_scale: number(unset, { minimum: 0, description: "How strongly the prompt is followed." }),
  guidance_rescale: number(unset, {
    minimum: 0,
    maximum: 1,
    description: "How far guided predictions are brought back to the spread of the unguided ones. 0 is off.",
  }),
  true_cfg_scale: number(unset, {
    minimum: 0,
    description: "Guidance with a second pass, for models whose guidance_scale is an input. 1 is off.",
  }),
  cfg_normalization: number(unset, {
    minimum: 0,
    description: "Rescales guided predictions that grew longer than this times the unguided one. 0 is off.",
  }),
  cfg_truncation: number(unset, {
    minimum: 0,
    description: "No guidance beyond this share of the way from noise to image. 1 guides all the way.",
  }),
  clip_skip: integer(unset, { minimum: 0, description: "Last layers of CLIP that are left out." }),
  height: integer(unset, { minimum: 1, description: "Pixels." }),
  width: integer(unset, { minimum: 1, description: "Pixels." }),
  original_size: pair(1, "Height and width that the model is told the picture had; the image's own when left out."),
  target_size: pair(1, "Height and width that the model is told to aim at; the image's own when left out."),
  crops_coords_top_left: pair(0, "Top and left of the crop that the model is told of."),
  seed: integer(unset, {
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "Start of the random numbers: the same seed gives the same image.",
  }),
  num_images_per_prompt: integer(unset, { minimum: 1, description: "Images for each prompt." }),
  max_sequence_length: integer(unset, {
    minimum: 1,
    description: "Most tokens of a prompt, template included; the rest is cut.",
  }),
  clean_caption: flag(unset, "Strip the prompt of addresses and markup. Only false is supported."),
  use_resolution_binning: flag(unset, "Draw at the nearest size that the model was trained on, and resize the image."),
  sigmas: list(unset, number(unset, { minimum: 0 }), {
    minItems: 1,
    description: "Noise levels instead of the scheduler's own, noisiest first; one for each step.",
  }),
  timesteps: list(unset, number(unset, { minimum: 0 }), {
    minItems: 1,
    description: "Timesteps instead of the scheduler's own, noisiest first; one for each step.",
  }),
  image: text(unset, "File of the image to begin with, relative to this file."),
  strength: number(unset, {
    minimum: 0,
    maximum: 1,
    description: "How much of the image to begin with is redrawn. 1 redraws all of it.",
  }),
  vae_tiling: flag(
    unset,
    "Decode and encode large images in overlapping tiles: less memory, slightly different pixels.",
  ),
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
    unset,
    "The checkpoint: a diffusers folder or a safetensors file, relative to this file, or hf:owner/name@revision.",
  ),
  variant: {
    ...text(unset, 'Variant of the weight files: "fp16" reads model.fp16.safetensors.'),
    pattern: "^[\\w.-]+$", // a part of a file's name, and no path
  },
  components: {
    type: "object",
    additionalProperties: text(
      unset,
      "A folder or a safetensors file, relative to this file, or hf:owner/name@revision.",
    ),
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
        path: text(unset, "A safetensors file, or a folder with one, relative to this file."),
        scale: number(1, { description: "How much of the LoRA is added. 1 is all of it." }),
      },
    },
  },
  device: text("cpu", 'ONNX Runtime execution provider: "cpu", "webgpu", "cuda".'),
  memory: choice(
    "resident",
    memoryModes,
    "When weights are in memory: all of the time, those of one component at a time, or of one part of a component.",
  ),
  device_map: {
    type: ["string", "object"],
    additionalProperties: {
      type: ["string", "object"],
      minLength: 1,
      additionalProperties: text(unset, "Execution provider of these modules."),
    },
    description:
      'Providers by component: { "transformer": "cuda", "vae": "cpu" }, or by its modules: { "transformer": { "layers.0-14": "cuda" } }. "balanced" shares the weights out among the accelerators that work here.',
  },
  scheduler: {
    type: "object",
    description: "Options over those of the checkpoint's scheduler, or another scheduler.",
    properties: { type: text(unset, "Class name of the scheduler; the checkpoint's own when left out.") },
  },
  generate: {
    ...generateSchema,
    description: "What to generate. What is left out is the model family's default.",
    default: {},
  },
  guidance: choice(
    "batch",
    ["batch", "separate"],
    "Run the guidance branches as one batch, or one after the other: less memory, separate plugin state.",
  ),
  limits: {
    type: "object",
    additionalProperties: false,
    description: "What one generation may ask for at most. Larger numbers are refused before anything is computed.",
    properties: {
      num_inference_steps: integer(usualLimits.num_inference_steps, {
        minimum: 1,
        maximum: 1_000_000,
        description: "Denoising steps.",
      }),
      images: integer(usualLimits.images, {
        minimum: 1,
        maximum: 100_000,
        description: "Prompts, or classes, times num_images_per_prompt.",
      }),
      side: integer(usualLimits.side, { minimum: 1, maximum: 65_536, description: "Pixels along a side." }),
      max_sequence_length: integer(usualLimits.max_sequence_length, {
        minimum: 1,
        maximum: 65_536,
        description: "Tokens of a prompt.",
      }),
      memory_gb: number(unset, {
        exclusiveMinimum: 0,
        description:
          "What it takes besides the weights, by estimate, in 10^9 bytes; this machine's memory when left out.",
      }),
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
          unset,
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
  strict: flag(false, "Make a plugin that had no effect an error."),
};

/** Core's part of the config, without the options of schedulers and plugins. */
export const coreSchema: JsonSchema = { type: "object", additionalProperties: false, required: ["model"], properties };

/** Names of the keys of `generate`. */
export const generateKeys = Object.keys(generate) as readonly (keyof GenerateConfig)[];
