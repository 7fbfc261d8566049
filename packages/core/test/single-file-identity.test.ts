import { describe, expect, it } from "vitest";
import { flux } from "../src/families/flux/model";
import { flux2Autoencoder } from "../src/families/flux2/autoencoder";
import { flux2 } from "../src/families/flux2/model";
import { qwenImage } from "../src/families/qwen-image/model";
import { unetConfig } from "../src/families/unet/files";
import { unet2DCondition } from "../src/families/unet/unet-2d-condition";
import { convertedShapes, shapesOf } from "../src/weights/single-file/file-part";
import type { KnownModel, KnownPipeline, KnownScheduler } from "../src/weights/single-file/known-pipeline";
import type { Shapes } from "../src/weights/single-file/recipe";
import { thrown } from "./checkpoint-files";
import { shapesOfModel } from "./model-shapes";
import { known, partOf } from "./open-known";
import { originalUNet, originalVae, type Stored, type StoredTensors } from "./original-names";

/** What a file is taken for, by shapes, header and small tensors alone. */

const small = {
  block_out_channels: [64, 128],
  down_block_types: ["DownBlock2D", "CrossAttnDownBlock2D"],
  up_block_types: ["CrossAttnUpBlock2D", "UpBlock2D"],
};
const unets = {
  1: { ...small, attention_head_dim: 8, cross_attention_dim: 768 },
  2: { ...small, attention_head_dim: [1, 2], cross_attention_dim: 1024, use_linear_projection: true },
  xl: {
    ...small,
    attention_head_dim: [1, 2],
    cross_attention_dim: 2048,
    use_linear_projection: true,
    addition_embed_type: "text_time",
    addition_time_embed_dim: 256,
    projection_class_embeddings_input_dim: 2816,
  },
};

interface Marks {
  /** Numbers of small tensors by name. */
  readonly tensors?: Readonly<Record<string, readonly number[]>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Whether its tensors can be read yet. */
  readonly here?: boolean;
}

function identified(unet: keyof typeof unets, { tensors = {}, metadata = {}, here = true }: Marks = {}): KnownPipeline {
  const marks = Object.entries(tensors).map(([name, numbers]) => [name, [numbers.length]] as const);
  const shapes = new Map([...shapesOfModel(unet2DCondition, unets[unet]), ...marks]);
  return known.identify("FILE", { shapes, metadata, numbers: (name) => (here ? tensors[name] : undefined) });
}

function schedulerOf({ components }: KnownPipeline): Pick<KnownScheduler, "className" | "config"> {
  const { className, config } = components.scheduler as KnownScheduler;
  return { className, config };
}

const textsOf = ({ notes = [] }: KnownPipeline): string[] => notes.map(({ kind, text }) => `${kind}: ${text}`);

describe("what a file of Stable Diffusion predicts", () => {
  it.each<[string, Marks, string, string]>([
    ["a tensor", { tensors: { v_pred: [] } }, "v_prediction", "tensor v_pred"],
    ...["v", "V", "v_prediction", "v-prediction", "v_pred", "velocity"].map((text): [string, Marks, string, string] => [
      `"${text}"`,
      { metadata: { "modelspec.prediction_type": text } },
      "v_prediction",
      "modelspec.prediction_type",
    ]),
    ...["epsilon", "eps", "EPS"].map((text): [string, Marks, string, string] => [
      `"${text}"`,
      { metadata: { "modelspec.prediction_type": text } },
      "epsilon",
      "modelspec.prediction_type",
    ]),
    ["x0", { metadata: { "modelspec.prediction_type": "x0" } }, "sample", "modelspec.prediction_type"],
    ["ComfyUI's key", { metadata: { "modelspec.predict_key": "v" } }, "v_prediction", "modelspec.predict_key"],
    ["kohya's key", { metadata: { ss_v_parameterization: "True" } }, "v_prediction", "ss_v_parameterization"],
    ["kohya's key, denied", { metadata: { ss_v_parameterization: "False" } }, "epsilon", "ss_v_parameterization"],
    [
      "an architecture",
      { metadata: { "modelspec.architecture": "stable-diffusion-v2-768-v" } },
      "v_prediction",
      "modelspec.architecture",
    ],
    ["its training's steps", { tensors: { global_step: [875_000] } }, "epsilon", "tensor global_step"],
  ])("by %s", (_, marks, type, from) => {
    for (const unet of [1, 2, "xl"] as const) {
      const pipeline = identified(unet, marks);
      expect(schedulerOf(pipeline).config.prediction_type).toBe(type);
      expect(textsOf(pipeline)).toEqual([`conclusion: FILE: prediction type ${type}, from ${from}.`]);
    }
  });

  it.each<Marks>([{}, { metadata: { format: "pt", ss_v_parameterization: "None", "modelspec.title": "v" } }])(
    "by nothing (%o): noise; of Stable Diffusion 2 v, with a warning",
    (marks) => {
      expect(schedulerOf(identified("xl", marks))).toMatchObject({
        className: "EulerDiscreteScheduler",
        config: { prediction_type: "epsilon", rescale_betas_zero_snr: false },
      });
      expect(schedulerOf(identified(1, marks))).toMatchObject({
        className: "PNDMScheduler",
        config: { prediction_type: "epsilon" },
      });
      expect([identified("xl", marks), identified(1, marks)].flatMap(textsOf)).toEqual([]);
      const two = identified(2, marks);
      expect(schedulerOf(two)).toMatchObject({
        className: "DDIMScheduler",
        config: { prediction_type: "v_prediction" },
      });
      expect(textsOf(two)).toEqual([
        expect.stringMatching(
          /^warning: FILE: nothing in it tells what .* "scheduler": \{ "prediction_type": "epsilon" \}/,
        ),
      ]);
    },
  );

  it("by two that contradict: the tensor's, with a warning", () => {
    const pipeline = identified("xl", {
      tensors: { v_pred: [] },
      metadata: { "modelspec.prediction_type": "epsilon", ss_v_parameterization: "True" },
    });
    expect(schedulerOf(pipeline).config.prediction_type).toBe("v_prediction");
    expect(textsOf(pipeline)).toEqual([
      "conclusion: FILE: prediction type v_prediction, from tensor v_pred.",
      'warning: FILE: tensor v_pred says that the model predicts v_prediction, but modelspec.prediction_type says epsilon. It is taken as v_prediction; for the other, set "scheduler": { "prediction_type": "epsilon" }.',
    ]);
  });

  it("by a word that is not known: as if it said nothing, with a warning", () => {
    const pipeline = identified("xl", { metadata: { "modelspec.prediction_type": "rf" } });
    expect(schedulerOf(pipeline).config.prediction_type).toBe("epsilon");
    expect(textsOf(pipeline)).toEqual([
      'warning: FILE: modelspec.prediction_type is "rf", which is not known and had no effect.',
    ]);
  });
});

describe("zero terminal SNR", () => {
  it.each<[string, Marks]>([
    ["tensor ztsnr", { tensors: { v_pred: [], ztsnr: [] } }],
    ["ss_zero_terminal_snr", { tensors: { v_pred: [] }, metadata: { ss_zero_terminal_snr: "True" } }],
  ])("from %s", (from, marks) => {
    for (const [unet, className] of [
      ["xl", "EulerDiscreteScheduler"],
      [1, "DDIMScheduler"],
      [2, "DDIMScheduler"],
    ] as const) {
      const pipeline = identified(unet, marks);
      expect(schedulerOf(pipeline)).toMatchObject({ className, config: { rescale_betas_zero_snr: true } });
      expect(textsOf(pipeline)).toContain(`conclusion: FILE: zero terminal SNR, from ${from}.`);
      expect(textsOf(pipeline).filter((text) => text.startsWith("warning"))).toEqual([]);
    }
  });

  it("of a model that predicts noise is followed and warned of", () => {
    const pipeline = identified("xl", { tensors: { ztsnr: [] } });
    expect(schedulerOf(pipeline).config.rescale_betas_zero_snr).toBe(true);
    expect(textsOf(pipeline)[1]).toMatch(
      /^warning: FILE: tensor ztsnr says zero terminal SNR, which .* predicts epsilon/,
    );
  });
});

describe("EDM noise levels", () => {
  const ends = { "edm_vpred.sigma_max": [80], "edm_vpred.sigma_min": [Math.fround(0.01)] };

  it("are the file's, and CosXL's where it does not say", () => {
    const cosxl = { sigma_data: 1, prediction_type: "v_prediction", sigma_schedule: "exponential" };
    const own = schedulerOf(identified("xl", { tensors: ends }));
    expect(own).toEqual({ className: "EDMEulerScheduler", config: { ...cosxl, sigma_max: 80, sigma_min: 0.01 } });
    const published = { ...cosxl, sigma_max: 120, sigma_min: 0.002 };
    expect(schedulerOf(identified("xl", { tensors: ends, here: false })).config).toEqual(published);
    const { "edm_vpred.sigma_max": most } = ends;
    const half = identified("xl", { tensors: { "edm_vpred.sigma_max": most } });
    expect(schedulerOf(half).config).toEqual({ ...published, sigma_max: 80 });
  });

  it("of Stable Diffusion 1 are told to have had no effect", () => {
    expect(textsOf(identified(1, { tensors: ends })).at(-1)).toBe(
      "warning: FILE: tensor edm_vpred.sigma_max had no effect: Stable Diffusion 1 has no EDM noise levels.",
    );
  });

  it("and latents of Playground 2.5 are those of edm_mean and edm_std", () => {
    const tensors = { edm_mean: [1, 2, 3, 4], edm_std: [5, 6, 7, 8] };
    const pipeline = identified("xl", { tensors });
    expect(pipeline.title).toBe("Playground 2.5");
    expect(schedulerOf(pipeline)).toEqual({
      className: "EDMDPMSolverMultistepScheduler",
      config: { sigma_min: 0.002, sigma_max: 80, sigma_data: 0.5, prediction_type: "epsilon" },
    });
    const { vae } = pipeline.components;
    const shapes = new Map([["decoder.conv_in.weight", [8, 4, 3, 3]]]);
    expect(vae?.kind === "model" && vae.config(shapes)).toMatchObject({
      scaling_factor: 0.5,
      latents_mean: tensors.edm_mean,
      latents_std: tensors.edm_std,
    });
    expect(textsOf(pipeline)).toEqual([
      "conclusion: FILE: Playground 2.5, EDM noise levels and latents, from tensors edm_mean, edm_std.",
    ]);
  });
});

/** config.json of U-Nets that were distilled, and of others of such shapes, as far as it differs from the defaults. */
const xl = {
  addition_embed_type: "text_time",
  addition_time_embed_dim: 256,
  attention_head_dim: [5, 10, 20],
  block_out_channels: [320, 640, 1280],
  cross_attention_dim: 2048,
  down_block_types: ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
  projection_class_embeddings_input_dim: 2816,
  up_block_types: ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
  use_linear_projection: true,
};
const distilled: Readonly<Record<string, object>> = {
  "SSD-1B": {
    ...xl,
    mid_block_type: "UNetMidBlock2D",
    transformer_layers_per_block: [1, [2, 2], [4, 4]],
    reverse_transformer_layers_per_block: [[4, 4, 10], [2, 1, 1], 1],
  },
  Vega: {
    ...xl,
    mid_block_type: "UNetMidBlock2D",
    transformer_layers_per_block: [1, [1, 1], [2, 2]],
    reverse_transformer_layers_per_block: [[2, 2, 2], [1, 1, 1], 1],
  },
  "one layer a level": { ...xl, layers_per_block: 1, transformer_layers_per_block: [1, 2, 6] },
  "one layer a level, and no middle": {
    ...xl,
    layers_per_block: 1,
    mid_block_type: null,
    transformer_layers_per_block: [1, 2, 5],
  },
  "BK-SDM-Base": { layers_per_block: 1, cross_attention_dim: 768 },
  "BK-SDM-Small": { layers_per_block: 1, mid_block_type: null, cross_attention_dim: 768 },
  "BK-SDM-Tiny": {
    layers_per_block: 1,
    mid_block_type: null,
    block_out_channels: [320, 640, 1280],
    cross_attention_dim: 768,
    down_block_types: ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    up_block_types: ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
  },
  "Stable Diffusion 2": {
    attention_head_dim: [5, 10, 20, 20],
    cross_attention_dim: 1024,
    use_linear_projection: true,
  },
  "LCM's guidance as an input": { cross_attention_dim: 768, time_cond_proj_dim: 256 },
  "layers by level": { cross_attention_dim: 768, layers_per_block: [1, 2, 1, 2] },
};

describe("the U-Net of", () => {
  it.each(Object.entries(distilled))("%s is read with its config, under either name", (_, published) => {
    const shapes = shapesOfModel(unet2DCondition, published);
    const expected = unet2DCondition.parse(published);
    const { layers_per_block: layers = 2 } = published as { layers_per_block?: number | number[] };
    const stored: Shapes[] = [shapes];
    if (typeof layers === "number") {
      const tensors: StoredTensors = new Map(
        [...shapes].map(([name, shape]) => [name, { dtype: "float32", shape, bytes: new Uint8Array() }]),
      );
      const names = [...originalUNet(tensors, layers)];
      const original = names.map(([name, { dtype, shape }]) => ({
        name,
        dtype,
        shape,
        file: "",
        offset: 0,
        byteLength: 0,
      }));
      const { recipes } = partOf(shapesOf(original), "UNet2DConditionModel", "unet")!;
      stored.push(new Map([...recipes].map(([name, { shape }]) => [name, shape])));
    }
    for (const names of stored)
      expect(unet2DCondition.parse(unetConfig(names, "X"))).toEqual({ ...expected, sample_size: null });
  });

  it.each([
    ["more layers on the way up", ["up_blocks.1.resnets.3.conv1.weight"], /up_blocks\.1 must have 3, found 4/],
    [
      "a second attention in the middle",
      ["mid_block.attentions.1.norm.weight"],
      /mid_block must have one residual block/,
    ],
    [
      "one attention more",
      ["down_blocks.1.attentions.2.norm.weight"],
      /down_blocks\.1 must have an attention in each of its 2 layers or in none, found 3/,
    ],
    [
      "a deeper middle",
      ["mid_block.attentions.0.transformer_blocks.1.norm1.weight"],
      /as many transformer blocks as down_blocks\.1 \(1, 1\), found 2/,
    ],
  ])("with %s is refused", (_, added, message) => {
    const shapes = new Map([...shapesOfModel(unet2DCondition, unets.xl), ...added.map((name) => [name, [1]] as const)]);
    expect(thrown(() => unetConfig(shapes, "X"))).toMatch(message);
  });
});

describe("FLUX.1 in a file", () => {
  const config = { num_layers: 1, num_single_layers: 1, guidance_embeds: true };
  const identify = (file: string, given: object = config, metadata: Readonly<Record<string, unknown>> = {}) =>
    known.identify(file, { shapes: shapesOfModel(flux, given), metadata, numbers: () => undefined });

  it.each([
    ["flux1-dev.safetensors", {}, "FluxPipeline", "FLUX.1 dev"],
    ["flux1-kontext-dev-Q4_K_M.gguf", {}, "FluxKontextPipeline", "FLUX.1 Kontext"],
    ["kontext/model.gguf", {}, "FluxPipeline", "FLUX.1 dev"],
    ["model.gguf", { "general.name": "Flux.1 Kontext Dev" }, "FluxKontextPipeline", "FLUX.1 Kontext"],
    ["model.safetensors", { "modelspec.title": "FLUX.1-Kontext-dev" }, "FluxKontextPipeline", "FLUX.1 Kontext"],
  ])("%s %o is a %s, which is told", (file, metadata, className, title) => {
    const pipeline = identify(file, config, metadata);
    expect(pipeline.className).toBe(className);
    expect(textsOf(pipeline)).toEqual([expect.stringContaining(`conclusion: ${file}: ${title}, which`)]);
  });

  it("is Fill by what its tensors take, whatever it is called", () => {
    const fill = { ...config, in_channels: 384, out_channels: 64 };
    const pipeline = identify("flux1-kontext.safetensors", fill);
    expect([pipeline.className, textsOf(pipeline)]).toEqual(["FluxFillPipeline", []]);
    const { transformer } = pipeline.components;
    expect(flux.parse((transformer as KnownModel).config(shapesOfModel(flux, fill)))).toEqual(flux.parse(fill));
  });

  it("that sees a picture beside the latents is refused by name", () => {
    const depth = { ...config, in_channels: 128, out_channels: 64 };
    const { transformer } = identify("flux1-depth-dev.safetensors", depth).components;
    expect(thrown(() => (transformer as KnownModel).config(shapesOfModel(flux, depth)))).toMatch(
      /^SKIPSTEP_FILE_PART: .* found 128: it is FLUX\.1 Depth or Canny, which is not drawn/,
    );
  });

  it("is never a Kontext where it is not told the strength of guidance", () => {
    const pipeline = identify("kontext-schnell.safetensors", { ...config, guidance_embeds: false });
    expect([pipeline.className, textsOf(pipeline)]).toEqual(["FluxPipeline", []]);
  });
});

describe("FLUX.2 klein in a file", () => {
  /** As black-forest-labs published klein 4B. */
  const config = { num_layers: 5, num_single_layers: 20, num_attention_heads: 24, joint_attention_dim: 7680 };
  const published = { ...config, guidance_embeds: false };
  const identify = (file: string, given: object = published, metadata: Readonly<Record<string, unknown>> = {}) =>
    known.identify(file, { shapes: shapesOfModel(flux2, given), metadata, numbers: () => undefined });

  it("has the config that its tensors tell", () => {
    const { transformer } = identify("flux-2-klein-4b.safetensors").components;
    const found = flux2.parse((transformer as KnownModel).config(shapesOfModel(flux2, published)));
    expect(found).toEqual(flux2.parse(published));
  });

  it.each([
    ["flux-2-klein-4b.safetensors", {}, true],
    ["flux-2-klein-base-4b.safetensors", {}, false],
    ["base/klein.gguf", {}, true],
    ["klein.gguf", { "general.name": "FLUX.2 klein base" }, false],
  ])("%s %o is distilled: %s, which is told", (file, metadata, isDistilled) => {
    const pipeline = identify(file, published, metadata);
    expect(pipeline.options).toEqual({ is_distilled: isDistilled });
    expect(textsOf(pipeline)).toEqual([
      expect.stringContaining(`conclusion: ${file}: the ${isDistilled ? "distilled" : "base"} model, which is`),
    ]);
  });

  it("is not the large model, which is told the strength of guidance", () => {
    expect(thrown(() => identify("FILE", config))).toMatch(/^SKIPSTEP_FILE_UNKNOWN: FILE is FLUX\.2 dev\./);
  });

  it("has the autoencoder that its tensors tell, under its authors' names too", () => {
    const shapes = shapesOfModel(flux2Autoencoder, { decoder_block_out_channels: [64, 128, 256, 256] });
    const stored = new Map([...shapes].map(([name, shape]) => [name, { dtype: "float32", shape } as Stored]));
    const moved = [...originalVae(stored)].map(([name, { shape }]): [string, readonly number[]] => [
      name.replace(/^quant_conv/, "encoder.quant_conv").replace(/^post_quant_conv/, "decoder.post_quant_conv"),
      shape,
    ]);
    for (const found of [shapes, convertedShapes(partOf(new Map(moved), "AutoencoderKLFlux2", "vae")!)]) {
      expect(new Map(found)).toEqual(shapes);
      const { vae } = identify("FILE").components;
      expect(flux2Autoencoder.parse((vae as KnownModel).config(found))).toEqual(
        flux2Autoencoder.parse({ decoder_block_out_channels: [64, 128, 256, 256] }),
      );
    }
  });
});

describe("a U-Net that was trained to inpaint", () => {
  it("is told by its channels; of Stable Diffusion 2 it predicts noise where nothing tells", () => {
    for (const unet of [1, 2, "xl"] as const) {
      const shapes = shapesOfModel(unet2DCondition, { ...unets[unet], in_channels: 9 });
      const pipeline = known.identify("FILE", { shapes, metadata: {}, numbers: () => undefined });
      const found = (pipeline.components.unet as KnownModel).config(shapes);
      expect(unet2DCondition.parse(found)).toMatchObject({ in_channels: 9, out_channels: 4 });
      expect(schedulerOf(pipeline).config.prediction_type).toBe("epsilon");
      expect(textsOf(pipeline)).toEqual([]);
    }
  });
});

describe("a file of another family is named", () => {
  it.each([
    ["Stable Video Diffusion", "model.diffusion_model.input_blocks.1.0.time_stack.in_layers.0.weight"],
    ["AnimateDiff", "down_blocks.0.motion_modules.0.temporal_transformer.norm.bias"],
    ["Stable Cascade", "clip_txt_mapper.weight"],
    ["Stable Diffusion 3.5 Large", "model.diffusion_model.joint_blocks.37.x_block.mlp.fc1.weight"],
    ["Stable Diffusion 3.5 Medium", "joint_blocks.0.x_block.attn2.qkv.weight"],
    ["LTX-Video", "model.diffusion_model.patchify_proj.weight"],
    ["SANA", "blocks.0.mlp.depth_conv.conv.weight"],
    ["PixArt", "t_block.1.weight"],
    ["AuraFlow", "double_layers.0.attn.w1q.weight"],
    ["HiDream", "double_stream_blocks.0.block.adaLN_modulation.1.bias"],
    ["HunyuanVideo", "txt_in.individual_token_refiner.blocks.0.adaLN_modulation.1.bias"],
    ["Wan", "model.diffusion_model.head.modulation"],
    ["Mochi", "blocks.0.attn.qkv_x.weight"],
    ["Lumina Image 2", "layers.0.adaLN_modulation.1.weight"],
    ["Cosmos", "net.x_embedder.proj.1.weight"],
    ["Kolors", "encoder_hid_proj.weight"],
    ["FLUX.1 Redux", "redux_up.weight"],
    ["Chroma", "distilled_guidance_layer.in_proj.bias"],
    ["Qwen-Image 2.1", "txt_in.text_norm.weight"],
    ["Qwen-Image-Edit \\(2511\\)", "__index_timestep_zero__"],
    ["Qwen-Image-Layered", "time_text_embed.addition_t_embedding.weight"],
    ["an IP-Adapter", "image_proj.proj.weight"],
    ["a ControlNet, which goes beside a model: .* in the config", "control_model.time_embed.0.weight"],
    ["the refiner of Stable Diffusion XL", "conditioner.embedders.0.model.ln_final.bias"],
    // Beside it, many of these have what another family is told by.
  ])("%s", (what, tensor) => {
    const shapes = new Map([...shapesOfModel(unet2DCondition, unets.xl), [tensor, [1]]]);
    expect(thrown(() => known.identify("FILE", { shapes, metadata: {}, numbers: () => undefined }))).toMatch(
      new RegExp(`^SKIPSTEP_FILE_UNKNOWN: FILE is ${what}\\. Single files are opened of: `),
    );
  });

  const qwen = { num_layers: 1, num_attention_heads: 1 };
  it.each([
    ["models/qwen_image_edit_2509_fp8_e4m3fn.safetensors", {}],
    ["hf:unsloth/Qwen-Image-Edit-2511-GGUF/model.gguf", {}],
    ["q4.gguf", { "general.name": "Qwen Image Edit" }],
  ])("Qwen-Image-Edit, %s %j, by its name alone", (file, metadata) => {
    const shapes = shapesOfModel(qwenImage, qwen);
    expect(thrown(() => known.identify(file, { shapes, metadata, numbers: () => undefined }))).toContain(
      `${file} is Qwen-Image-Edit, by the word "edit" in its name. Single files are opened of: `,
    );
  });

  it("and takes no other word for it", () => {
    const shapes = shapesOfModel(qwenImage, qwen);
    for (const file of ["edit/qwen-image-Q4_K_M.gguf", "credits-qwen-image.safetensors"])
      expect(known.identify(file, { shapes, metadata: {}, numbers: () => undefined }).className).toBe(
        "QwenImagePipeline",
      );
  });

  it.each([
    [8, "for editing (instruct-pix2pix)"],
    [7, "for upscaling"],
  ])("by %i channels", (channels, what) => {
    const shapes = shapesOfModel(unet2DCondition, { ...unets[1], in_channels: channels });
    expect(thrown(() => known.identify("FILE", { shapes, metadata: {}, numbers: () => undefined }))).toContain(
      `FILE is a U-Net of ${channels} channels, ${what}`,
    );
  });

  it("by what it says of itself, or holds beside a denoiser", () => {
    const shapes: Shapes = new Map([["blk.weight", [1]]]);
    const file = (metadata: Record<string, unknown>, tensors: Shapes = shapes) =>
      thrown(() => known.identify("FILE", { shapes: tensors, metadata, numbers: () => undefined }));
    expect(file({ "general.architecture": "hyvid" })).toContain('FILE is "hyvid" by what it says of itself.');
    expect(file({}, new Map([["decoder.mid_block.resnets.0.conv1.weight", [1]]]))).toContain(
      'FILE is no whole model: it holds AutoencoderKL, which goes into "components" of the config.',
    );
    expect(file({})).toContain("FILE holds no model that is known by its tensors.");
  });
});
