import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ConfigInput, createPipeline, type GenerateRequest, inspectConfig, validateConfig } from "@skipstep/core";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Stored } from "../packages/core/test/original-names";
import { draw } from "./draw";
import { temporaryFolder } from "./emoji";
import { copyPipeline } from "./fuzz/seeds";
import { changeJson, readJson, readTensors, writeJson, writeTensors } from "./made-checkpoint";

const root = temporaryFolder();
const cacheDir = join(root, "engines");
const golden = join(import.meta.dirname, "golden");
const generate = { prompt: "slightly smiling cat face", num_inference_steps: 2, height: 64, width: 64, seed: 513 };
/** The reference's pictures were rounded to bytes. */
const BYTE = 1;

/** A copy of a golden pipeline, to be changed. */
const copy = (pipeline: string, name: string): string => copyPipeline(pipeline, root, name);

async function drawn(model: string, more: GenerateRequest = {}) {
  const { images, report } = await draw({ model, generate } as ConfigInput, cacheDir, more);
  return { data: images[0]!.data, warnings: report.warnings.map((warning) => warning.replaceAll(`${model}/`, "")) };
}

async function apart(file: string, data: Uint8Array): Promise<number> {
  const expected = await sharp(join(golden, "folders", file))
    .raw()
    .toBuffer(); // made by diffusers, see make.py beside it
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - data[i]!)), 0);
}

describe("a VAE with the latents' mean and deviation", () => {
  const statistics = {
    latents_mean: [-1.6574, 1.886, -1.383, 2.5155],
    latents_std: [8.4927, 5.9022, 6.5498, 5.2299],
  };

  it("gives the reference's pictures in Stable Diffusion XL, from noise and from an image", async () => {
    const model = copy("sdxl", "statistics");
    changeJson(join(model, "vae/config.json"), { ...statistics, scaling_factor: 0.5 });
    const { data, warnings } = await drawn(model);
    expect(await apart("sdxl-latents-mean.png", data)).toBeLessThanOrEqual(BYTE);
    const image = join(golden, "folders/sdxl-latents-mean.png");
    const second = await drawn(model, { image, strength: 0.5 });
    expect(await apart("sdxl-latents-mean-from-image.png", second.data)).toBeLessThanOrEqual(BYTE);
    expect(warnings).toEqual([]);
  });

  it("is warned of where the reference's pipeline leaves it out", async () => {
    const model = copy("sd15", "no-statistics");
    changeJson(join(model, "vae/config.json"), { ...statistics, shift_factor: 0.5 });
    const { data, warnings } = await drawn(model);
    expect(data).toEqual((await drawn(join(golden, "pipelines/sd15"))).data);
    expect(warnings).toEqual(
      ["shift_factor", "latents_mean", "latents_std"].map(
        (key) => `vae/config.json: "${key}" has no effect in a StableDiffusionPipeline, as in diffusers.`,
      ),
    );
  });
});

describe("model_index.json", () => {
  it("with what its pipeline does not know: a warning, also when it is inspected", async () => {
    const model = copy("sdxl", "index");
    mkdirSync(join(model, "made_up"));
    writeJson(join(model, "made_up/config.json"), {});
    const more = { made_up: ["diffusers", "AutoencoderTiny"], force_zeros_for_empty_promt: false };
    changeJson(join(model, "model_index.json"), { ...more, force_zeros_for_empty_prompt: true, add_watermarker: null });
    const notes = inspectConfig(await validateConfig({ model, generate } as ConfigInput)).notes.map(({ text }) => text);
    expect(notes).toEqual([
      expect.stringContaining('model_index.json: a StableDiffusionXLPipeline has no "made_up"; it is ignored'),
      expect.stringContaining('Did you mean "force_zeros_for_empty_prompt"?'),
    ]);
  });
});

describe("a folder that an early diffusers wrote", () => {
  it("gives the same picture, without a warning", async () => {
    const model = copy("sd15", "early");
    const weights = (file: string, rename: (name: string) => string, more: [string, Stored][] = []) => {
      const tensors = [...readTensors(join(model, file))].map(([name, tensor]) => [rename(name), tensor] as const);
      writeTensors(join(model, file), new Map([...tensors, ...more]));
    };
    const positions = {
      dtype: "int64" as const,
      shape: [1, 16],
      bytes: BigInt64Array.from({ length: 16 }, (_, i) => BigInt(i)),
    };
    weights(
      "text_encoder/model.safetensors",
      (name) => (name.startsWith("text_model.") ? name : `text_model.${name}`),
      [["text_model.embeddings.position_ids", positions]],
    );
    const old: Record<string, string> = {
      "to_q.": "query.",
      "to_k.": "key.",
      "to_v.": "value.",
      "to_out.0.": "proj_attn.",
    };
    weights("vae/diffusion_pytorch_model.safetensors", (name) =>
      name.replace(/to_(q|k|v|out\.0)\./, (part) => old[part]!),
    );
    const { _class_name, ...vae } = readJson(join(model, "vae/config.json"));
    const late = /^(force_upcast|latents_|mid_block|shift_|use_|scaling_)/;
    const early = Object.fromEntries(Object.entries(vae).filter(([key]) => !late.test(key)));
    writeJson(join(model, "vae/config.json"), { _class_name, _diffusers_version: "0.2.2", ...early });
    writeJson(join(model, "tokenizer/special_tokens_map.json"), { pad_token: "<|endoftext|>" });
    for (const name of ["safety_checker", "feature_extractor"]) mkdirSync(join(model, name));
    writeFileSync(join(model, "safety_checker/config.json"), "{}");
    changeJson(join(model, "model_index.json"), {
      safety_checker: ["stable_diffusion", "StableDiffusionSafetyChecker"],
      feature_extractor: ["transformers", "CLIPFeatureExtractor"],
      requires_safety_checker: true,
    });
    expect(await drawn(model)).toEqual(await drawn(join(golden, "pipelines/sd15")));
  });
});

describe("a tokenizer and a text encoder that are not of one checkpoint", () => {
  const withTokens = (name: string, tokens: Record<string, number>): string => {
    const model = copy("sd15", name);
    writeJson(join(model, "tokenizer/added_tokens.json"), tokens);
    return model;
  };

  it("with more tokens than embeddings: a warning, and an error for a prompt that has one", async () => {
    const model = withTokens("more-tokens", { "<cat-toy>": 925 });
    const { data, warnings } = await drawn(model);
    expect(data).toEqual((await drawn(join(golden, "pipelines/sd15"))).data);
    expect(warnings).toEqual([
      "tokenizer knows 926 tokens, and text_encoder has embeddings for 925: a prompt with one of the last 1 is refused. Is one of them another checkpoint's?",
    ]);
    await expect(drawn(model, { prompt: "a <cat-toy>" })).rejects.toMatchObject({
      code: "SKIPSTEP_TOKEN_OUT_OF_RANGE",
      message: expect.stringMatching(
        /"a <cat-toy>" has the token 925, and text_encoder has embeddings for tokens 0 to 924/,
      ),
    });
  });

  it("with more embeddings than tokens: a warning", async () => {
    const model = copy("sd15", "more-embeddings");
    const file = join(model, "text_encoder/model.safetensors");
    const tensors = [...readTensors(file)].map(([name, tensor]): [string, Stored] => {
      if (!name.endsWith("token_embedding.weight")) return [name, tensor];
      const [rows, width] = tensor.shape as [number, number];
      const bytes = new Float32Array((rows + 1) * width);
      bytes.set(tensor.bytes as Float32Array);
      return [name, { ...tensor, shape: [rows + 1, width], bytes }];
    });
    writeTensors(file, new Map(tensors));
    changeJson(join(model, "text_encoder/config.json"), { vocab_size: 926 });
    const pipeline = await createPipeline({ model, generate } as ConfigInput, { cacheDir, threads: 1 });
    const { report } = await pipeline.generate();
    await pipeline.close();
    expect(report.warnings).toEqual([
      expect.stringMatching(
        /^text_encoder has embeddings for 926 tokens, and tokenizer knows 925: tokens that were added/,
      ),
    ]);
  });
});
