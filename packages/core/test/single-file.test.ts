import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Weights } from "../src/weights/checkpoint/weights";
import { ConvertedWeights } from "../src/weights/single-file/converted-weights";
import { shapesOf, weightsOf } from "../src/weights/single-file/file-part";
import { applyRules } from "../src/weights/single-file/rules";
import { safetensors, temporaryFolder, thrown, vector, write } from "./checkpoint-files";
import { openCheckpoint, partOf } from "./open-known";
import {
  openClip,
  originalFlux,
  originalUNet,
  originalVae,
  originalZImage,
  type StoredTensors,
  withPrefix,
} from "./original-names";
import { originalFlux2, originalPixArt, originalSd3 } from "./original-transformers";
import { readSafetensors } from "./read-safetensors";

const golden = join(import.meta.dirname, "../../../test/golden");
const root = temporaryFolder();

/** All tensors of a component's folder, as they are stored. */
function tensorsIn(folder: string): StoredTensors {
  const files = readdirSync(folder).filter((name) => /^(diffusion_pytorch_)?model.*\.safetensors$/.test(name));
  const entries = files.flatMap((name) => [...readSafetensors(join(folder, name))]);
  return new Map(entries.map(([name, { dtype, shape, data }]) => [name, { dtype, shape, bytes: data }]));
}

function file(name: string, tensors: StoredTensors): string {
  return write(join(root, name), safetensors(Object.fromEntries(tensors)));
}

interface Case {
  readonly folder: string;
  readonly className: string;
  readonly component: string;
  readonly original: (tensors: StoredTensors) => StoredTensors;
  /** In a file of several models. */
  readonly prefix: string;
}

const cases: readonly Case[] = [
  {
    folder: "pipelines/sd15/unet",
    className: "UNet2DConditionModel",
    component: "unet",
    original: (tensors) => originalUNet(tensors, 2),
    prefix: "model.diffusion_model.",
  },
  {
    folder: "pipelines/sdxl/unet",
    className: "UNet2DConditionModel",
    component: "unet",
    original: (tensors) => originalUNet(tensors, 2),
    prefix: "model.diffusion_model.",
  },
  {
    folder: "vae-sd",
    className: "AutoencoderKL",
    component: "vae",
    original: originalVae,
    prefix: "first_stage_model.",
  },
  {
    folder: "vae-flux",
    className: "AutoencoderKL",
    component: "vae",
    original: originalVae,
    prefix: "vae.",
  },
  {
    folder: "clip-g",
    className: "CLIPTextModelWithProjection",
    component: "text_encoder_2",
    original: openClip,
    prefix: "conditioner.embedders.1.model.",
  },
  {
    folder: "clip-l",
    className: "CLIPTextModel",
    component: "text_encoder",
    original: (tensors) => tensors,
    prefix: "cond_stage_model.transformer.",
  },
  {
    folder: "flux",
    className: "FluxTransformer2DModel",
    component: "transformer",
    original: originalFlux,
    prefix: "model.diffusion_model.",
  },
  {
    folder: "flux2",
    className: "Flux2Transformer2DModel",
    component: "transformer",
    original: originalFlux2,
    prefix: "model.diffusion_model.",
  },
  ...["sd3", "sd35"].map((folder) => ({
    folder,
    className: "SD3Transformer2DModel",
    component: "transformer",
    original: originalSd3,
    prefix: "model.diffusion_model.",
  })),
  {
    folder: "pixart",
    className: "PixArtTransformer2DModel",
    component: "transformer",
    original: originalPixArt,
    prefix: "model.diffusion_model.",
  },
  {
    folder: "pipelines/z-image/transformer",
    className: "ZImageTransformer2DModel",
    component: "transformer",
    original: originalZImage,
    prefix: "model.diffusion_model.",
  },
];

describe.each(cases)("$folder under its authors' names", ({ folder, className, component, original, prefix }) => {
  const tensors = tensorsIn(join(golden, folder));
  const strangers: StoredTensors = new Map([
    ["model_ema.decay", vector(1)],
    ["position_ids", vector(2)],
  ]);

  it.each([
    ["alone", "", original(tensors)],
    ["among other models", prefix, new Map([...strangers, ...withPrefix(prefix, original(tensors))])],
  ])("%s: gives diffusers' tensors, byte for byte", (where, _, stored) => {
    const source = Weights.openFile(file(`${folder.replaceAll("/", "-")}-${where}.safetensors`, stored));
    const weights = weightsOf(
      source,
      partOf(shapesOf(source.names.map((name) => source.entry(name))), className, component)!,
    );
    const names = (list: Iterable<string>): string[] =>
      [...list].map((name) => name.replace(/^text_model\./, "")).sort();
    expect(names(weights.names)).toEqual(names(tensors.keys()));
    for (const name of weights.names) {
      const expected = tensors.get(name) ?? tensors.get(name.replace(/^text_model\./, ""))!;
      const bytes = Buffer.from(expected.bytes.buffer, expected.bytes.byteOffset, expected.bytes.byteLength);
      const { shape, dtype, data } = weights.read(name);
      expect({ shape, dtype }, name).toEqual({ shape: expected.shape, dtype: expected.dtype });
      expect(Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(bytes), name).toBe(true);
      const floats = weights.readFloat32(name);
      const read = Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);
      expect(read.equals(dtype === "bfloat16" ? widened(bytes) : bytes), name).toBe(true);
      const [rows = 1] = shape;
      const [from, count] = [Math.floor(rows / 3), Math.ceil(rows / 2)];
      const row = bytes.length / rows;
      const some = weights.readRows(name, from, count);
      expect(Buffer.from(some).equals(bytes.subarray(from * row, (from + count) * row)), name).toBe(true);
    }
    weights.close();
  });
});

/** bfloat16 is the upper half of float32. */
function widened(bytes: Buffer): Buffer {
  const wide = Buffer.alloc(2 * bytes.length);
  for (let i = 0; i < bytes.length; i += 2) bytes.copy(wide, 2 * i + 2, i, i + 2);
  return wide;
}

describe("a rule", () => {
  const stored = new Map([
    ["blocks.12.qkv.weight", [6, 2]],
    ["blocks.12.qkvs", [3]],
    ["other", []],
  ]);

  it("takes numbers over, splits rows, and leaves names alone that only begin alike", () => {
    const recipes = applyRules([["blocks.*.qkv", ["b.*.q", "b.*.k", "b.*.v"], { shares: [1, 1, 4] }]], stored);
    expect(Object.fromEntries(recipes)).toEqual({
      "b.12.q.weight": { shape: [1, 2], parts: [{ tensor: "blocks.12.qkv.weight", from: 0, count: 1 }] },
      "b.12.k.weight": { shape: [1, 2], parts: [{ tensor: "blocks.12.qkv.weight", from: 1, count: 1 }] },
      "b.12.v.weight": { shape: [4, 2], parts: [{ tensor: "blocks.12.qkv.weight", from: 2, count: 4 }] },
      "blocks.12.qkvs": { shape: [3], parts: [{ tensor: "blocks.12.qkvs", from: 0, count: 3 }] },
      other: { shape: [], parts: [{ tensor: "other", from: 0, count: 1 }] },
    });
  });
});

describe("converted weights", () => {
  const tensors = tensorsIn(join(golden, "clip-g"));
  const path = file("converted.safetensors", openClip(tensors));
  const open = (name = path) => {
    const source = Weights.openFile(name);
    const shapes = shapesOf(source.names.map((tensor) => source.entry(tensor)));
    return { source, weights: weightsOf(source, partOf(shapes, "CLIPTextModelWithProjection", "text_encoder_2")!) };
  };

  it("have an identity of their own", () => {
    const { source, weights } = open();
    const plain = open(file("plain.safetensors", tensors));
    expect(weights.identity(root)).not.toBe(source.identity(root));
    expect(weights.identity(root)).toBe(open().weights.identity(root));
    const asStored = applyRules([], shapesOf(source.names.map((name) => source.entry(name))));
    expect(weights.identity(root)).not.toBe(new ConvertedWeights(source, asStored, "").identity(root));
    expect(plain.weights).toBe(plain.source);
  });

  it("tell which tensor is missing, of another shape, or has no such rows", () => {
    const { weights } = open();
    const name = "text_model.final_layer_norm.weight";
    expect(thrown(() => weights.entry("text_model.final_layer_nrm.weight"))).toMatch(
      /^SKIPSTEP_TENSOR_MISSING: .*converted\.safetensors: .*Did you mean "text_model\.final_layer_norm\.weight"\?/,
    );
    expect(thrown(() => weights.expect(name, [1, 2]))).toMatch(/^SKIPSTEP_TENSOR_SHAPE: .* must be \[1, 2\], found \[/);
    expect(thrown(() => weights.readRows(name, 0, 1000))).toMatch(/^SKIPSTEP_TENSOR_ROWS: /);
    expect(weights.has(name) && !weights.has("ln_final.weight")).toBe(true);
  });

  it("are closed with their file", () => {
    const { weights } = open();
    weights.close();
    expect(thrown(() => weights.readFloat32("text_model.final_layer_norm.weight"))).toMatch(/^SKIPSTEP_WEIGHTS_CLOSED/);
  });
});

describe("a file that is no whole model", () => {
  const refusal = (name: string, tensors: readonly string[], shape: readonly number[] = [1]) => {
    const bytes = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
    const stored = new Map(tensors.map((tensor) => [tensor, { dtype: "float32" as const, shape, bytes }]));
    return thrown(() => openCheckpoint(file(name, stored))).replace(`${join(root, name)} `, "");
  };

  it.each([
    ["lora.safetensors", ["lora_unet_down_blocks_0.lora_up.weight"], "is a LoRA"],
    ["peft.safetensors", ["transformer.x.lora_A.weight"], "is a LoRA"],
    ["old-lora.safetensors", ["unet.x.processor.to_q_lora.up.weight"], "is a LoRA"],
    ["refiner.safetensors", ["conditioner.embedders.0.model.ln_final.bias"], "is the refiner of Stable Diffusion XL."],
    ["sd3.safetensors", ["model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight"], "is Stable Diffusion 3."],
    [
      "flux2.safetensors",
      ["double_stream_modulation_img.lin.weight", "guidance_in.in_layer.weight", "guidance_in.out_layer.weight"],
      "is FLUX.2 dev.",
    ],
    ["chroma.safetensors", ["double_blocks.0.a", "distilled_guidance_layer.in_proj.bias"], "is Chroma."],
    ["odd.safetensors", ["weight"], "holds no model that is known by its tensors."],
  ])("%s", (name, tensors, text) => {
    const found = refusal(name, tensors);
    expect(found).toContain(`SKIPSTEP_FILE_UNKNOWN: ${text}`);
    expect(found).toContain(
      "Single files are opened of: FLUX.2 klein, Qwen-Image, FLUX.1, FLUX.1 Kontext, FLUX.1 Fill, Stable Diffusion 1, 2, Stable Diffusion XL, Z-Image.",
    );
  });

  it("may have diffusers' names", () => {
    const path = file("diffusers-names.safetensors", tensorsIn(join(golden, "flux")));
    expect(thrown(() => openCheckpoint(path))).toBe(
      `SKIPSTEP_COMPONENT_MISSING: ${path} is FLUX.1 without vae, text_encoder, text_encoder_2, tokenizer, tokenizer_2. Add to the config: "components": { ${["vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"].map((name) => `"${name}": "<folder, file or hf:owner/name>"`).join(", ")} }; or give a diffusers folder as "model", and "components": { "transformer": "${path}" }.`,
    );
  });

  it("is refused when a plugin reads how its numbers are packed", () => {
    const packed = new Map([...originalFlux(tensorsIn(join(golden, "flux"))), ["img_in.weight.absmax", vector(1)]]);
    const path = file("packed.safetensors", packed as StoredTensors);
    expect(thrown(() => openCheckpoint(path))).toContain(
      `SKIPSTEP_FILE_FORMAT: ${path} is a quantized file (it has "img_in.weight.absmax"), which @skipstep/plugin-bnb reads.`,
    );
  });

  it("is told by its format", () => {
    const gguf = "@skipstep/plugin-gguf";
    for (const [name, text] of [
      [
        "a.gguf",
        `a GGUF file, which ${gguf} reads. Add it with: pnpm add ${gguf}, and to the config: "plugins": [{ "use": "${gguf}" }].`,
      ],
      [
        "a.ckpt",
        "a PyTorch pickle, which Skipstep does not read. Give a safetensors file or a diffusers folder that is not quantized.",
      ],
    ] as const)
      expect(thrown(() => openCheckpoint(write(join(root, name), "GGUF")))).toBe(
        `SKIPSTEP_FILE_FORMAT: ${join(root, name)} is ${text}`,
      );
  });

  it("is not there at all", () => {
    expect(thrown(() => openCheckpoint(join(root, "nowhere.safetensors")))).toContain(
      "nowhere.safetensors is no diffusers checkpoint: there is no such folder. Check the path.",
    );
  });
});
