import { dtypes } from "../memory/dtype";
import { memoryModes } from "../memory/memory-mode";
import { providerOptions } from "../runtime/providers";
import type { JsonSchema } from "../schema/json-schema";
import { choice, flag, integer, number, text } from "../schema/option";
import type { ConfigInput } from "./config";
import { usualLimits } from "./limits";

/** Settings whose default is the model family's to say. */
const unset = undefined;

function dtype(description: string): JsonSchema {
  return {
    type: ["string", "object"],
    minLength: 1,
    additionalProperties: { type: "string", enum: dtypes },
    description,
  };
}

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
  lora: filesSchema("LoRAs that are merged into the weights.", {
    scale: number(1, { description: "How much of the LoRA is added. 1 is all of it." }),
  }),
  textual_inversions: filesSchema("Words that were learned (textual inversion), for CLIP text encoders.", {
    token: {
      type: ["string", "array"],
      items: { type: "string", minLength: 1, maxLength: 100 },
      minItems: 1,
      minLength: 1,
      maxLength: 100,
      description:
        "Its word in prompts; a list is one for each vector. What the file says when left out, else its name.",
    },
  }),
  request_loras: {
    type: "object",
    maxProperties: 100,
    additionalProperties: text(unset, "A safetensors file, or a folder with one, relative to this file."),
    description:
      'LoRAs that requests may name, and no others: { "ink": "loras/ink.safetensors" }. They run beside the weights.',
  },
  device: text(
    "cpu",
    'ONNX Runtime execution provider: "cpu", "webgpu", "cuda", "dml", "coreml"; "cuda:1" is the second of several.',
  ),
  provider_options: {
    type: "object",
    additionalProperties: false,
    description: 'Options of execution providers under their names in ONNX Runtime: { "cuda": { "deviceId": 1 } }.',
    properties: Object.fromEntries(
      Object.entries(providerOptions).map(([name, properties]) => [
        name,
        { type: "object", additionalProperties: false, description: `Options of "${name}".`, properties },
      ]),
    ),
  },
  dtype: dtype(
    'What weights are stored in, and computed with where the device has it: "float32" when left out, or by component: { "transformer": "float16", "default": "float32" }. "cpu" stores float16 and bfloat16 and computes in float32.',
  ),
  torch_dtype: dtype('Another name of "dtype", as in diffusers.'),
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
    description: "What to generate. What is left out is the model family's default.",
    default: {},
  },
  guidance: choice(
    "batch",
    ["batch", "separate"],
    "Run the guidance branches as one batch, or one after the other: less memory, separate plugin state.",
  ),
  conditioning_cache: integer(unset, {
    minimum: 0,
    maximum: 10_000,
    description:
      "Results of each text encoder that are kept: the next image of the same prompt runs none. 8 when left out; 0 keeps nothing.",
  }),
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
      loras: integer(usualLimits.loras, { minimum: 0, maximum: 100, description: "LoRAs of one generation." }),
      lora_rank: integer(usualLimits.lora_rank, {
        minimum: 1,
        maximum: 65_536,
        description: "Rank of what a generation's LoRAs are beside one weight, all together.",
      }),
      memory_gb: number(unset, {
        exclusiveMinimum: 0,
        description:
          "What it takes besides the weights, by estimate, in 10^9 bytes; this machine's memory when left out.",
      }),
    },
  },
  queue: {
    type: "object",
    additionalProperties: false,
    description: "Where accepted jobs wait, for `skipstep serve` and `skipstep worker`; see docs/serving.md.",
    properties: {
      folder: text(unset, "A folder of one server's own, relative to this file."),
      url: text(unset, "redis://, rediss:// or postgres://: jobs are drawn by workers."),
      blobs: text(
        unset,
        "With url: where pictures and images lie, for all servers and workers: a folder relative to this file, or s3://bucket/prefix.",
      ),
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
  strict: flag(
    false,
    "Make a plugin that had no effect an error, and parts of a model that fall to the CPU though it is on another device.",
  ),
};

/** Core's part of the config, without settings and the options of schedulers and plugins. */
const plain: JsonSchema = { type: "object", additionalProperties: false, required: ["model"], properties };

const known = new WeakMap<JsonSchema, JsonSchema>();

/** Core's part of the config. @param settings schema of `generate`; the same object for the same one each time */
export function coreSchema(settings: JsonSchema): JsonSchema {
  const schema = known.get(settings) ?? {
    ...plain,
    properties: { ...properties, generate: { ...settings, ...properties.generate } },
  };
  known.set(settings, schema);
  return schema;
}

/** A list of files of weights, each a path or an object with more of it. */
function filesSchema(description: string, more: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return {
    type: "array",
    maxItems: 100,
    description,
    items: {
      type: ["string", "object"],
      required: ["path"],
      minLength: 1,
      additionalProperties: false,
      properties: { path: text(unset, "A safetensors file, or a folder with one, relative to this file."), ...more },
    },
  };
}
