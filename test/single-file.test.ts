import { join } from "node:path";
import { type ConfigInput, createPipeline, inspectConfig, validateConfig } from "@skipstep/core";
import {
  autoencoderKl,
  flux,
  qwen25Vl,
  qwenImage,
  qwenImageAutoencoder,
  unet2DCondition,
  zImage,
} from "@skipstep/core/model";
import { describe, expect, it, vi } from "vitest";
import {
  nestedQwenVl,
  openClip,
  originalFlux,
  originalUNet,
  originalVae,
  originalWanVae,
  originalZImage,
  type Stored,
  type StoredTensors,
  withPrefix,
} from "../packages/core/test/original-names";
import { temporaryFolder } from "./emoji";
import * as full from "./full-size-configs";
import {
  emptyTensors,
  type MadeComponent,
  madeTensors,
  tensorsIn,
  writeFolder,
  writeSparse,
  writeTensors,
} from "./made-checkpoint";
import { engineCache as cacheDir } from "./run-folder";

const root = temporaryFolder();
const golden = (name: string, component = ""): string => join(import.meta.dirname, "golden/pipelines", name, component);
const generate = { num_inference_steps: 2, height: 64, width: 64, seed: 1, prompt: "red heart" };

async function imageOf(config: ConfigInput): Promise<Float32Array> {
  const pipeline = await createPipeline({ generate, ...config }, { cacheDir });
  try {
    return (await pipeline.generate()).images[0]!.values;
  } finally {
    await pipeline.close();
  }
}

async function failure(config: ConfigInput): Promise<string> {
  try {
    await createPipeline({ generate, ...config }, { cacheDir });
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
  throw new Error("it did not fail");
}

const unetNames = (tensors: StoredTensors): StoredTensors => originalUNet(tensors, 2);

describe("components of a folder given as files with their authors' names", () => {
  it.each([
    ["sd15", { unet: unetNames, vae: originalVae }],
    ["sdxl", { unet: unetNames, vae: originalVae, text_encoder_2: openClip }],
    ["flux", { transformer: originalFlux, vae: originalVae }],
    ["z-image", { transformer: originalZImage, vae: originalVae }],
    ["qwen-image", { text_encoder: nestedQwenVl, vae: originalWanVae }],
  ])("make the image of %s", async (name, originals) => {
    const files = Object.entries(originals).map(([component, original]) => [
      component,
      writeTensors(join(root, name, `${component}.safetensors`), original(tensorsIn(golden(name, component)))),
    ]);
    const components = Object.fromEntries(files) as Record<string, string>;
    const loaded = await validateConfig({ model: golden(name), generate, components });
    const sources = inspectConfig(loaded).components.map(({ name: component, source }) => [component, source] as const);
    for (const [component, { path, layout, config }] of sources) {
      const isFile = component in components;
      expect(path).toBe(isFile ? components[component] : golden(name, component));
      expect(layout === "diffusers").toBe(!isFile);
      expect(config).toBe(golden(name, join(component, "config.json")));
    }
    expect(await imageOf({ model: golden(name), components })).toEqual(await imageOf({ model: golden(name) }));
  });
});

const scheduler = { className: "PNDMScheduler", config: full.stableDiffusionScheduler };
const clipTokenizer = { className: "CLIPTokenizer", config: {}, from: golden("sdxl", "tokenizer") };
const clip2Tokenizer = { className: "CLIPTokenizer", config: {}, from: golden("sdxl", "tokenizer_2") };
const small = { block_out_channels: [32, 64], layers_per_block: 1 };
const ends = {
  down_block_types: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  up_block_types: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
};
const clipConfig = (hidden: number): object => ({
  ...{ vocab_size: 925, hidden_size: hidden, intermediate_size: 2 * hidden, num_hidden_layers: 2 },
  ...{ num_attention_heads: hidden / 64, max_position_embeddings: 16, eos_token_id: 2, projection_dim: hidden },
});

/** Small models with the proportions that the real ones have, which is what a file's config is told by. */
interface Whole {
  readonly className: string;
  readonly options: object;
  readonly components: Readonly<Record<string, MadeComponent & { readonly from?: string }>>;
  /** What the single file holds, and how it is named there. */
  readonly inFile: Readonly<Record<string, (tensors: StoredTensors) => StoredTensors>>;
  /** Files of their own, of components that the single file does not hold. */
  readonly files: Readonly<Record<string, (tensors: StoredTensors) => StoredTensors>>;
}

/** OpenCLIP's file has one layer more than the model that reads it, and a projection. */
function wholeOpenClip(tensors: StoredTensors): StoredTensors {
  const last = [...tensors].filter(([name]) => name.includes(".layers.1."));
  const more = last.map(([name, tensor]) => [name.replace(".layers.1.", ".layers.2."), tensor] as const);
  const projection = tensors.get("text_model.encoder.layers.0.self_attn.out_proj.weight")!;
  return openClip(new Map([...tensors, ...more, ["text_projection.weight", projection]]));
}

const same = (tensors: StoredTensors): StoredTensors => tensors;
const wholes: Readonly<Record<string, Whole>> = {
  "Stable Diffusion 1": {
    className: "StableDiffusionPipeline",
    options: {},
    components: {
      unet: {
        className: "UNet2DConditionModel",
        config: {
          ...full.stableDiffusionUNet,
          block_out_channels: [32, 64],
          layers_per_block: 2,
          down_block_types: ["CrossAttnDownBlock2D", "DownBlock2D"],
          up_block_types: ["UpBlock2D", "CrossAttnUpBlock2D"],
          cross_attention_dim: 64,
        },
      },
      vae: { className: "AutoencoderKL", config: { ...full.stableDiffusionVae, ...small, ...ends } },
      text_encoder: { className: "CLIPTextModel", config: { ...clipConfig(64), hidden_act: "quick_gelu" } },
      tokenizer: clipTokenizer,
      scheduler,
    },
    inFile: {
      unet: (tensors) => withPrefix("model.diffusion_model.", unetNames(tensors)),
      vae: (tensors) => withPrefix("first_stage_model.", originalVae(tensors)),
      text_encoder: (tensors) => withPrefix("cond_stage_model.transformer.", tensors),
    },
    files: {},
  },
  "Stable Diffusion 2": {
    className: "StableDiffusionPipeline",
    options: {},
    components: {
      unet: {
        className: "UNet2DConditionModel",
        config: {
          ...full.stableDiffusionUNet,
          block_out_channels: [64, 128],
          attention_head_dim: [1, 2],
          layers_per_block: 2,
          down_block_types: ["CrossAttnDownBlock2D", "DownBlock2D"],
          up_block_types: ["UpBlock2D", "CrossAttnUpBlock2D"],
          cross_attention_dim: 64,
          use_linear_projection: true,
        },
      },
      vae: { className: "AutoencoderKL", config: { ...full.stableDiffusionVae, ...small, ...ends } },
      text_encoder: { className: "CLIPTextModel", config: { ...clipConfig(64), hidden_act: "gelu" } },
      tokenizer: clip2Tokenizer,
      scheduler: { className: "DDIMScheduler", config: full.stableDiffusion2Scheduler },
    },
    inFile: {
      unet: (tensors) => withPrefix("model.diffusion_model.", unetNames(tensors)),
      vae: (tensors) => withPrefix("first_stage_model.", originalVae(tensors)),
      text_encoder: (tensors) => withPrefix("cond_stage_model.model.", wholeOpenClip(tensors)),
    },
    files: {},
  },
  "Stable Diffusion XL": {
    className: "StableDiffusionXLPipeline",
    options: { force_zeros_for_empty_prompt: true },
    components: {
      unet: {
        className: "UNet2DConditionModel",
        config: {
          ...full.stableDiffusionXlUNet,
          block_out_channels: [64, 128],
          attention_head_dim: [1, 2],
          down_block_types: ["DownBlock2D", "CrossAttnDownBlock2D"],
          up_block_types: ["CrossAttnUpBlock2D", "UpBlock2D"],
          transformer_layers_per_block: [1, 2],
          cross_attention_dim: 192,
          projection_class_embeddings_input_dim: 128 + 6 * 256,
        },
      },
      vae: { className: "AutoencoderKL", config: { ...full.stableDiffusionXlVae, ...small, ...ends } },
      text_encoder: { className: "CLIPTextModel", config: { ...clipConfig(64), hidden_act: "quick_gelu" } },
      text_encoder_2: { className: "CLIPTextModelWithProjection", config: { ...clipConfig(128), hidden_act: "gelu" } },
      tokenizer: clipTokenizer,
      tokenizer_2: clip2Tokenizer,
      scheduler: { className: "EulerDiscreteScheduler", config: full.stableDiffusionXlScheduler },
    },
    inFile: {
      unet: (tensors) => withPrefix("model.diffusion_model.", unetNames(tensors)),
      vae: (tensors) => withPrefix("first_stage_model.", originalVae(tensors)),
      text_encoder: (tensors) => withPrefix("conditioner.embedders.0.transformer.", tensors),
      text_encoder_2: (tensors) => withPrefix("conditioner.embedders.1.model.", openClip(tensors)),
    },
    files: {},
  },
  "FLUX.1": {
    className: "FluxPipeline",
    options: {},
    components: {
      transformer: {
        className: "FluxTransformer2DModel",
        config: {
          ...full.fluxDev,
          ...{ num_layers: 1, num_single_layers: 2, num_attention_heads: 1, joint_attention_dim: 64 },
          pooled_projection_dim: 64,
        },
      },
      vae: { className: "AutoencoderKL", config: { ...full.fluxVae, ...small, ...ends } },
      text_encoder: { className: "CLIPTextModel", config: { ...clipConfig(64), hidden_act: "quick_gelu" } },
      text_encoder_2: {
        className: "T5EncoderModel",
        config: { ...full.t5Xxl, vocab_size: 500, d_model: 64, d_ff: 96, d_kv: 32, num_heads: 2, num_layers: 2 },
      },
      tokenizer: clipTokenizer,
      tokenizer_2: { className: "T5TokenizerFast", config: {}, from: golden("flux", "tokenizer_2") },
      scheduler: { className: "FlowMatchEulerDiscreteScheduler", config: full.fluxDevScheduler },
    },
    inFile: { transformer: originalFlux },
    files: { vae: originalVae, text_encoder: same, text_encoder_2: same },
  },
  "Z-Image": {
    className: "ZImagePipeline",
    options: {},
    components: {
      transformer: {
        className: "ZImageTransformer2DModel",
        config: {
          ...full.zImageTurbo,
          dim: 128,
          n_heads: 1,
          n_kv_heads: 1,
          n_layers: 2,
          n_refiner_layers: 1,
          cap_feat_dim: 64,
        },
      },
      vae: { className: "AutoencoderKL", config: { ...full.fluxVae, ...small, ...ends } },
      text_encoder: {
        className: "Qwen3ForCausalLM",
        config: {
          ...full.qwen3For4B,
          ...{ vocab_size: 4096, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, head_dim: 32 },
          ...{ num_attention_heads: 2, num_key_value_heads: 1 },
        },
      },
      tokenizer: { className: "Qwen2Tokenizer", config: {}, from: golden("z-image", "tokenizer") },
      scheduler: { className: "FlowMatchEulerDiscreteScheduler", config: full.zImageScheduler },
    },
    inFile: { transformer: (tensors) => withPrefix("model.diffusion_model.", originalZImage(tensors)) },
    files: { vae: originalVae, text_encoder: same },
  },
  "Qwen-Image": {
    className: "QwenImagePipeline",
    options: {},
    components: {
      transformer: {
        className: "QwenImageTransformer2DModel",
        config: { ...full.qwenImage, num_layers: 2, num_attention_heads: 1, joint_attention_dim: 128 },
      },
      vae: {
        className: "AutoencoderKLQwenImage",
        config: { ...full.qwenImageVae, base_dim: 8, dim_mult: [1, 2, 1], temperal_downsample: [false, false] },
      },
      text_encoder: {
        className: "Qwen2_5_VLForConditionalGeneration",
        config: {
          ...full.qwen25Vl7B.text_config,
          ...{ vocab_size: 4096, hidden_size: 128, intermediate_size: 96, num_hidden_layers: 2 },
          ...{ num_attention_heads: 1, num_key_value_heads: 1, layer_types: null },
        },
      },
      // By its own config: the class in its place would not write the template's words small.
      tokenizer: { className: "TokenizersBackend", config: {}, from: golden("qwen-image", "tokenizer") },
      scheduler: { className: "FlowMatchEulerDiscreteScheduler", config: full.qwenImageScheduler },
    },
    inFile: { transformer: same },
    files: { vae: originalWanVae, text_encoder: same },
  },
};

describe.each(Object.entries(wholes))("a file of %s", (title, { className, options, components, inFile, files }) => {
  const made = Object.fromEntries(
    Object.entries(components).map(([name, component]) => {
      const hasWeights = name in inFile || name in files;
      return [name, { ...component, ...(hasWeights ? { tensors: madeTensors(component) } : {}) }];
    }),
  );
  const place = (name: string): string => join(root, title, name);
  const folder = writeFolder(place("folder"), className, options, made);
  const model = writeTensors(
    place("model.safetensors"),
    new Map(Object.entries(inFile).flatMap(([name, original]) => [...original(made[name]!.tensors!)])),
  );
  const others: Record<string, string> = {};
  for (const [name, original] of Object.entries(files))
    others[name] = writeTensors(place(`${name}.safetensors`), original(made[name]!.tensors!));
  const tokenizers: Record<string, string> = {};
  for (const [name, { from }] of Object.entries(components)) if (from !== undefined) tokenizers[name] = from;

  it("makes the image of the folder with the same weights", async () => {
    const config = { model, components: { ...others, ...tokenizers } };
    const loaded = await validateConfig({ generate, ...config });
    const { components: inspected, scheduler: chosen, notes } = inspectConfig(loaded);
    const warnings = notes.filter(({ kind }) => kind === "warning").map(({ text }) => text);
    const isTold = title !== "Stable Diffusion 2"; // which says nothing of what it predicts
    expect(warnings).toEqual(isTold ? [] : [expect.stringContaining("nothing in it tells what")]);
    expect(loaded.model.checkpoint.options).toEqual(options);
    expect(inspected.map(({ source }) => source.config)).toEqual(inspected.map(() => "built in"));
    expect(inspected.map(({ name, source }) => [name, source.path])).toEqual(
      inspected.map(({ name }) => [name, others[name] ?? model]),
    );
    expect(chosen).toEqual(inspectConfig(await validateConfig({ model: folder, generate })).scheduler);
    const image = await imageOf(config);
    expect(image).toEqual(await imageOf({ model: folder }));
    expect(new Set(image).size).toBeGreaterThan(100);
  });

  it("says what is missing, and how to give it", async () => {
    const missing = [...Object.keys(components)].filter((name) => !(name in inFile) && name !== "scheduler");
    const weights = missing.filter((name) => name in files);
    if (weights.length > 0) {
      const all = missing.map((name) => `"${name}": "<folder, file or hf:owner/name>"`).join(", ");
      expect(await failure({ model })).toBe(
        `SKIPSTEP_COMPONENT_MISSING: config#/model: ${model} is ${title} without ${missing.join(", ")}. Add to the config: "components": { ${all} }; or give a diffusers folder as "model", and "components": { "transformer": "${model}" }.`,
      );
    }
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    vi.stubEnv("HF_HUB_CACHE", place("no-cache"));
    const [first] = Object.keys(tokenizers);
    expect(await failure({ model, components: others })).toMatch(
      new RegExp(
        `^SKIPSTEP_COMPONENT_MISSING: config#/model: .*model\\.safetensors has no ${first}, as no file of weights has, and hf:\\S+ cannot be had \\(.*HF_HUB_OFFLINE.*"components": \\{ "${first}": "<a folder with tokenizer\\.json, or vocab\\.json and merges\\.txt>" \\}\\.$`,
      ),
    );
    vi.unstubAllEnvs();
  });

  it("refuses components that it has not, and files of other models", async () => {
    const all = { ...others, ...tokenizers };
    expect(await failure({ model, components: { ...all, vea: "x" } })).toMatch(
      /^SKIPSTEP_COMPONENT_MISSING: config#\/components\/vea: .* has no component "vea"\. Did you mean "vae"\?/,
    );
    const stranger = golden(title === "FLUX.1" ? "z-image" : "flux", "transformer");
    const file = writeTensors(place("stranger.safetensors"), tensorsIn(stranger));
    expect(await failure({ model, components: { ...all, vae: file } })).toMatch(
      /^SKIPSTEP_FILE_PART: config#\/components\/vae: \S.*stranger\.safetensors holds no AutoencoderKL\w* for "vae"\. It holds: (Flux|ZImage)Transformer2DModel\./,
    );
  });
});

function timeConv(module: string): [string, Stored][] {
  const empty = { dtype: "float32", bytes: new Uint8Array(0) } as const;
  return [
    [`${module}.time_conv.weight`, { ...empty, shape: [384, 384, 3, 1, 1] }],
    [`${module}.time_conv.bias`, { ...empty, shape: [384] }],
  ];
}

/** The models as they are published, in files that hold names and shapes only. */
describe("a file of full size", () => {
  const tokenizers = { tokenizer: clipTokenizer.from, tokenizer_2: clip2Tokenizer.from };

  it("is read with the published configs: Stable Diffusion 1.5", async () => {
    const unet = { className: "UNet2DConditionModel", config: full.stableDiffusionUNet };
    const vae = { className: "AutoencoderKL", config: full.stableDiffusionVae };
    const clip = { className: "CLIPTextModel", config: full.clipL };
    const model = writeSparse(
      join(root, "v1-5.safetensors"),
      new Map([
        ...withPrefix("model.diffusion_model.", unetNames(emptyTensors(unet))),
        ...withPrefix("first_stage_model.", originalVae(emptyTensors(vae))),
        ...withPrefix("cond_stage_model.transformer.", emptyTensors(clip)),
      ]),
    );
    const loaded = await validateConfig({ model, components: { tokenizer: tokenizers.tokenizer } });
    const { className, components } = inspectConfig(loaded);
    expect(className).toBe("StableDiffusionPipeline");
    expect(components.map(({ name, parameters }) => [name, parameters])).toEqual([
      ["text_encoder", 123_060_480],
      ["unet", 859_520_964],
      ["vae", 83_653_863],
    ]);
    expect(unet2DCondition.parse(loaded.model.checkpoint.component("unet").config)).toEqual(
      unet2DCondition.parse(full.stableDiffusionUNet),
    );
    expect(autoencoderKl.parse(loaded.model.checkpoint.component("vae").config)).toEqual(
      autoencoderKl.parse(full.stableDiffusionVae),
    );
  });

  it("is read with the published configs: Stable Diffusion XL", async () => {
    const unet = { className: "UNet2DConditionModel", config: full.stableDiffusionXlUNet };
    const vae = { className: "AutoencoderKL", config: full.stableDiffusionXlVae };
    const model = writeSparse(
      join(root, "xl.safetensors"),
      new Map([
        ...withPrefix("model.diffusion_model.", unetNames(emptyTensors(unet))),
        ...withPrefix("first_stage_model.", originalVae(emptyTensors(vae))),
        ...withPrefix(
          "conditioner.embedders.0.transformer.",
          emptyTensors({ className: "CLIPTextModel", config: full.clipL }),
        ),
        ...withPrefix(
          "conditioner.embedders.1.model.",
          openClip(emptyTensors({ className: "CLIPTextModelWithProjection", config: full.clipG })),
        ),
      ]),
    );
    const loaded = await validateConfig({ model, components: tokenizers });
    expect(inspectConfig(loaded).components.map(({ name, parameters }) => [name, parameters])).toEqual([
      ["text_encoder", 123_060_480],
      ["text_encoder_2", 694_659_840],
      ["unet", 2_567_463_684],
      ["vae", 83_653_863],
    ]);
    expect(unet2DCondition.parse(loaded.model.checkpoint.component("unet").config)).toEqual(
      unet2DCondition.parse(full.stableDiffusionXlUNet),
    );
    expect(autoencoderKl.parse(loaded.model.checkpoint.component("vae").config)).toEqual(
      autoencoderKl.parse(full.stableDiffusionXlVae),
    );
  });

  it.each([
    ["dev", full.fluxDev, full.fluxDevScheduler],
    ["schnell", full.fluxSchnell, full.fluxSchnellScheduler],
  ])("is read with the published configs: FLUX.1 %s", async (name, config, schedulerConfig) => {
    const transformer = { className: "FluxTransformer2DModel", config };
    const model = writeSparse(join(root, `flux-${name}.safetensors`), originalFlux(emptyTensors(transformer)));
    const components = {
      vae: writeSparse(
        join(root, "ae.safetensors"),
        originalVae(emptyTensors({ className: "AutoencoderKL", config: full.fluxVae })),
      ),
      text_encoder: writeSparse(
        join(root, "clip_l.safetensors"),
        emptyTensors({ className: "CLIPTextModel", config: full.clipL }),
      ),
      text_encoder_2: writeSparse(
        join(root, "t5xxl.safetensors"),
        emptyTensors({ className: "T5EncoderModel", config: full.t5Xxl }),
      ),
      tokenizer: tokenizers.tokenizer,
      tokenizer_2: golden("flux", "tokenizer_2"),
    };
    const loaded = await validateConfig({ model, components });
    const inspection = inspectConfig(loaded);
    expect(inspection.components.map(({ name: component, parameters }) => [component, parameters])).toEqual([
      ["text_encoder", 123_060_480],
      ["text_encoder_2", 4_762_310_656],
      ["transformer", name === "dev" ? 11_901_408_320 : 11_891_178_560],
      ["vae", 83_819_683],
    ]);
    expect(inspection.scheduler.options).toMatchObject(schedulerConfig);
    expect(flux.parse(loaded.model.checkpoint.component("transformer").config)).toEqual(flux.parse(config));
    expect(autoencoderKl.parse(loaded.model.checkpoint.component("vae").config)).toEqual(
      autoencoderKl.parse(full.fluxVae),
    );
  });

  it("is read with the published configs: Z-Image", async () => {
    const transformer = { className: "ZImageTransformer2DModel", config: full.zImageTurbo };
    const model = writeSparse(join(root, "z.safetensors"), originalZImage(emptyTensors(transformer)));
    const components = {
      vae: writeSparse(
        join(root, "ae.safetensors"),
        originalVae(emptyTensors({ className: "AutoencoderKL", config: full.fluxVae })),
      ),
      text_encoder: writeSparse(
        join(root, "qwen.safetensors"),
        emptyTensors({ className: "Qwen3ForCausalLM", config: full.qwen3For4B }),
      ),
      tokenizer: golden("z-image", "tokenizer"),
    };
    const loaded = await validateConfig({ model, components });
    const { components: inspected } = inspectConfig(loaded);
    expect(inspected.find(({ name }) => name === "transformer")!.parameters).toBe(6_154_908_736);
    expect(zImage.parse(loaded.model.checkpoint.component("transformer").config)).toEqual(
      zImage.parse(full.zImageTurbo),
    );
  });

  it("is read with the published configs: Qwen-Image", async () => {
    const parts = {
      transformer: { className: "QwenImageTransformer2DModel", config: full.qwenImage },
      vae: { className: "AutoencoderKLQwenImage", config: full.qwenImageVae },
      text_encoder: { className: "Qwen2_5_VLForConditionalGeneration", config: full.qwen25Vl7B },
    };
    const model = writeSparse(join(root, "qwen_image.safetensors"), emptyTensors(parts.transformer));
    const vae = new Map([
      ...emptyTensors(parts.vae),
      // Between frames, which a picture has one of; they tell where the published model has them.
      ...[5, 8].flatMap((at) => timeConv(`encoder.down_blocks.${at}`)),
    ]);
    const components = {
      vae: writeSparse(join(root, "qwen_image_vae.safetensors"), originalWanVae(vae)),
      text_encoder: writeSparse(join(root, "qwen_2.5_vl_7b.safetensors"), emptyTensors(parts.text_encoder)),
      tokenizer: golden("qwen-image", "tokenizer"),
    };
    const loaded = await validateConfig({ model, components });
    const { components: inspected, scheduler: chosen } = inspectConfig(loaded);
    expect(inspected.map(({ name, parameters }) => [name, parameters])).toEqual([
      ["text_encoder", 7_070_619_136],
      ["transformer", 20_430_401_088],
      ["vae", 125_453_491],
    ]);
    expect(chosen.options).toMatchObject(full.qwenImageScheduler);
    const configOf = (name: string): object => loaded.model.checkpoint.component(name).config;
    expect(qwenImage.parse(configOf("transformer"))).toEqual(qwenImage.parse(full.qwenImage));
    expect(qwenImageAutoencoder.parse(configOf("vae"))).toEqual(qwenImageAutoencoder.parse(full.qwenImageVae));
    expect(configOf("vae")).toMatchObject({ temperal_downsample: full.qwenImageVae.temperal_downsample });
    expect(qwen25Vl.parse(configOf("text_encoder"))).toEqual(qwen25Vl.parse(full.qwen25Vl7B));
  });
});
