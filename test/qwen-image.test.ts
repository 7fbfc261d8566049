import { join } from "node:path";
import {
  type ConfigInput,
  type GenerateResult,
  inspectConfig,
  openRecipe,
  type PluginUse,
  validateConfig,
} from "@skipstep/core";
import { beforeAll, describe, expect, it } from "vitest";
import type { Stored } from "../packages/core/test/original-names";
import { CacheDit } from "../plugins/cache-dit/src/index";
import { FirstBlockCache } from "../plugins/fbcache/src/index";
import { Fora } from "../plugins/fora/src/index";
import { Gguf } from "../plugins/gguf/src/index";
import { draw, psnr } from "./draw";
import { temporaryFolder } from "./emoji";
import { readTensors, tensorsIn, writeTensors } from "./made-checkpoint";
import { engineCache as cacheDir } from "./run-folder";
import { writeGguf } from "./write-gguf";

const root = temporaryFolder();
const golden = join(import.meta.dirname, "golden");
const model = join(golden, "pipelines/qwen-image");
const generate = {
  prompt: "red heart",
  negative_prompt: "blurry",
  num_inference_steps: 4,
  height: 64,
  width: 64,
  seed: 1,
};
const drawn = (more: Partial<ConfigInput> = {}): Promise<GenerateResult> =>
  draw({ model, generate, ...more }, cacheDir);

let plain: GenerateResult;
beforeAll(async () => {
  plain = await drawn();
});

describe("a generation of Qwen-Image", () => {
  it("is made again from its recipe", async () => {
    expect(plain.report.warnings).toEqual([]);
    expect(plain.recipe.config.generate).toMatchObject({ true_cfg_scale: 4, max_sequence_length: 512 });
    const opened = await openRecipe(plain.recipe, { cacheDir, folder: golden, allow: true });
    expect((await draw(opened, cacheDir)).images[0]!.data).toEqual(plain.images[0]!.data);
  });

  it("gives the same with its passes one after the other", async () => {
    expect(psnr(await drawn({ guidance: "separate" }), plain)).toBeGreaterThan(60);
  });

  it("tells what had no effect, and what was cut", async () => {
    const { negative_prompt: _, ...unguided } = generate;
    const warnings = async (given: ConfigInput["generate"]): Promise<readonly string[]> =>
      (await drawn({ generate: { num_inference_steps: 1, ...given } })).report.warnings;
    expect(await warnings({ ...unguided, guidance_scale: 3 })).toEqual([
      "true_cfg_scale 4 had no effect: it guides away from a negative_prompt, and none was given. An empty one will do.",
      "guidance_scale 3 had no effect: this model is guided by true_cfg_scale, away from a negative_prompt.",
    ]);
    expect(await warnings({ ...generate, true_cfg_scale: 1 })).toEqual([
      "The negative prompt had no effect: it is followed when true_cfg_scale is above 1, and it is 1.",
    ]);
    expect(await warnings({ ...unguided, true_cfg_scale: 1, max_sequence_length: 39 })).toEqual([
      'The prompt "red heart" has 74 tokens, template and special ones included; there is room for 73. The rest was cut.',
    ]);
    expect(await warnings({ ...unguided, true_cfg_scale: 1, max_sequence_length: 40 })).toEqual([]);
  });
});

describe("files of Qwen-Image", () => {
  it("of ComfyUI are read: a text encoder in scaled fp8 beside the model that sees images", async () => {
    const tensors = tensorsIn(join(model, "text_encoder"));
    const [scaled, rounded] = [new Map<string, Stored>(), new Map<string, Stored>()];
    for (const [name, tensor] of tensors) {
      const isMatrix = tensor.shape.length === 2 && !name.includes("embed_tokens");
      const codes = isMatrix ? floats8(tensor) : undefined;
      scaled.set(name, codes?.scaled ?? tensor);
      rounded.set(name, codes?.rounded ?? tensor);
      if (isMatrix) scaled.set(name.replace(/weight$/, "scale_weight"), scalar(2 ** SCALE));
    }
    scaled.set("lm_head.weight", { dtype: "bfloat16", shape: [1, 1], bytes: new Uint16Array(1) });
    scaled.set("scaled_fp8", { dtype: "float8_e4m3fn", shape: [0], bytes: new Uint8Array(0) });
    const file = writeTensors(join(root, "qwen_2.5_vl_7b_fp8_scaled.safetensors"), scaled);
    const components = { text_encoder: file };
    const { components: inspected, notes } = inspectConfig(await validateConfig({ model, generate, components }));
    expect(inspected.find(({ name }) => name === "text_encoder")!.dtypes).toContain("fp8:e4m3fn scaled");
    expect(notes.filter(({ kind }) => kind === "warning")).toEqual([]);
    expect(notes.map(({ text }) => text)).toContain(
      `${file}: text_encoder runs without the model that sees images, whose 18 tensors are not loaded.`,
    );
    const other = writeTensors(join(root, "rounded.safetensors"), rounded);
    const image = (await drawn({ components })).images[0]!.data;
    expect(image).toEqual((await drawn({ components: { text_encoder: other } })).images[0]!.data);
    expect(image).not.toEqual(plain.images[0]!.data);
  });

  it("in GGUF are read for transformer and text encoder", async () => {
    for (const name of ["transformer", "text_encoder"]) {
      const file = join(root, `${name}.gguf`);
      await writeGguf(model, file, name);
      const image = await drawn({
        components: { [name]: file },
        plugins: [{ use: Gguf, components: ["transformer", "text_encoder"] }],
      });
      expect(image.report.plugins[0]!.summary).toMatch(/Q8_0 in 8 bits/);
      expect(psnr(image, plain)).toBeGreaterThan(35);
    }
  });

  it("of LoRAs have diffusers' names as well", async () => {
    const folder = join(golden, "extras/lora-musubi-qwen-image");
    const own = readTensors(join(folder, "lora.safetensors"));
    const names = [...tensorsIn(join(model, "transformer")).keys()].map((name) => name.replace(/\.(weight|bias)$/, ""));
    const renamed = new Map(
      [...own].flatMap(([name, tensor]): [string, Stored][] => {
        const [, flat, role] = /^lora_unet_(.*?)\.(lora_down|lora_up)\.weight$/.exec(name) ?? [];
        if (flat === undefined) return [];
        const module = names.find((one) => one.replaceAll(".", "_") === flat);
        return [[`transformer.${module}.${role === "lora_down" ? "lora_A" : "lora_B"}.weight`, tensor]];
      }),
    );
    const ranks = new Set([...own].flatMap(([name, { shape }]) => (name.includes("lora_down") ? [shape[0]!] : [])));
    const alphas = [...own].flatMap(([name, { bytes }]) =>
      name.endsWith(".alpha") ? [(bytes as Float32Array)[0]!] : [],
    );
    const [rank, alpha] = [[...ranks][0]!, alphas[0]!];
    const path = writeTensors(join(root, "lora.safetensors"), renamed);
    const image = await drawn({ lora: [{ path, scale: (0.8 * alpha) / rank }] });
    expect(image.report.warnings).toEqual([]);
    expect(
      psnr(image, await drawn({ lora: [{ path: join(folder, "lora.safetensors"), scale: 0.8 }] })),
    ).toBeGreaterThan(60);
    expect(psnr(image, plain)).toBeLessThan(40);
  });
});

describe("caches over the blocks of Qwen-Image", () => {
  const steps = { ...generate, num_inference_steps: 8 };
  it.each([
    ["fbcache", (threshold: number): PluginUse => ({ use: FirstBlockCache, options: { threshold } })],
    [
      "cache-dit",
      (residual_diff_threshold: number): PluginUse => ({
        use: CacheDit,
        options: { Fn_compute_blocks: 1, max_warmup_steps: 1, residual_diff_threshold, max_continuous_cached_steps: 2 },
      }),
    ],
    ["fora", (threshold: number): PluginUse => ({ use: Fora, options: { interval: threshold > 0 ? 2 : 1 } })],
  ] as const)("%s changes nothing at threshold 0, and saves steps above", async (_, cache) => {
    const whole = await drawn({ generate: steps });
    const none = await drawn({ generate: steps, plugins: [cache(0)] });
    expect(none.latents.data).toEqual(whole.latents.data);
    for (const guidance of ["batch", "separate"] as const) {
      // The small model's blocks add something very different at each step.
      const some = await drawn({ generate: steps, guidance, plugins: [cache(1.7)] });
      const [, rest] = some.report.plugins[0]!.regions;
      expect(rest!.reused.length).toBeGreaterThan(1);
      expect(rest!.computed.length).toBeGreaterThan(1);
      expect(psnr(some, whole)).toBeGreaterThan(15);
    }
  });
});

/** Of the scale that codes in 8 bits are multiplied with. */
const SCALE = -8;

/** A bfloat16 matrix cut to three bits behind the first, as codes of e4m3 and as bfloat16. */
function floats8({ shape, bytes }: Stored): { readonly scaled: Stored; readonly rounded: Stored } {
  const bits = bytes as Uint16Array;
  const codes = new Uint8Array(bits.length);
  const cut = new Uint16Array(bits.length);
  for (const [i, given] of bits.entries()) {
    const exponent = ((given >> 7) & 255) - 127 - SCALE + 7;
    if (exponent < 1) continue; // too small
    if (exponent > 14) throw new Error("a weight too large for this scale");
    codes[i] = ((given >> 8) & 128) | (exponent << 3) | ((given >> 4) & 7);
    cut[i] = given & 0xfff0;
  }
  return {
    scaled: { dtype: "float8_e4m3fn", shape, bytes: codes },
    rounded: { dtype: "bfloat16", shape, bytes: cut },
  };
}

function scalar(value: number): Stored {
  return { dtype: "float32", shape: [], bytes: Float32Array.of(value) };
}
