import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, safetensors } from "@skipstep/contract/graph";
import {
  type ConfigInput,
  createPipeline,
  type GenerateConfig,
  type GenerateRequest,
  type GenerateResult,
  type Pipeline,
  validateConfig,
} from "@skipstep/core";
import { type Floats, floats, type Tensor } from "@skipstep/core/model";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { expectPicture, model, net, shown } from "./control-cases";
import { temporaryFolder } from "./emoji";
import type { Picture } from "./golden-kinds/pictures";
import { engineCache as cacheDir } from "./run-folder";

const files = temporaryFolder();
const golden = join(import.meta.dirname, "golden");
const scene = join(golden, "extras/inpaint-sd15-crop/image.png");
const mask = join(golden, "extras/inpaint-sd15-crop/mask_image.png");
const asked: GenerateConfig = {
  ...{ prompt: "slightly smiling cat face", seed: 5, height: 64, width: 64, mask },
  ...{ num_inference_steps: 8, strength: 0.6, controlnet_conditioning_scale: 0.7 },
};

async function opened(config: Omit<ConfigInput, "generate">, settings: GenerateConfig): Promise<Pipeline> {
  return createPipeline({ ...config, generate: { ...asked, ...settings } }, { cacheDir });
}

async function generated(
  config: Omit<ConfigInput, "generate">,
  settings: GenerateConfig,
  request: GenerateRequest = shown,
): Promise<GenerateResult> {
  const pipeline = await opened(config, settings);
  try {
    return await pipeline.generate(request);
  } finally {
    await pipeline.close();
  }
}

/** With as many input channels, 1 is their axis; the new ones by the formula of `golden/pictures/make-control-nets.py`. */
function widened({ shape, data }: Floats, channels: number): Floats {
  const [out, own, ...kernel] = shape as [number, number, ...number[]];
  const size = kernel.reduce((product, side) => product * side, 1);
  const [kept, added] = [own * size, (channels - own) * size];
  const result = floats([out, channels, ...kernel]);
  for (let row = 0; row < out; row++) {
    result.data.set(data.subarray(row * kept, (row + 1) * kept), row * (kept + added));
    for (let at = 0; at < added; at++)
      result.data[row * (kept + added) + kept + at] = Math.sin((row * added + at) * 0.7) * 0.1;
  }
  return result;
}

/** The axis of patches, of features that are patches of channels, behind that of channels; or back. */
function turned({ shape, data }: Floats, [from, to]: readonly [number, number]): Floats {
  const result = floats(shape);
  for (let at = 0; at < data.length; at++) {
    const [row, inner] = [Math.floor(at / (from * to)), at % (from * to)];
    result.data[row * from * to + (inner % to) * from + Math.floor(inner / to)] = data[at]!;
  }
  return result;
}

/** bfloat16 is the upper half of float32. */
function float32({ dtype, shape, data }: Tensor): Floats {
  if (dtype !== "bfloat16") return { dtype, shape, data } as Floats;
  return floats(shape, new Float32Array(Uint32Array.from(data as Uint16Array, (half) => half << 16).buffer));
}

/** Copies a model's folder with other options and one other tensor. */
function changed(
  from: string,
  to: string,
  options: object,
  [name, change]: readonly [string, (tensor: Floats) => Floats],
): string {
  cpSync(from, to, { recursive: true });
  const config = JSON.parse(readFileSync(join(to, "config.json"), "utf8"));
  writeFileSync(join(to, "config.json"), JSON.stringify({ ...config, ...options }));
  const file = join(to, "diffusion_pytorch_model.safetensors");
  const tensors: Record<string, Tensor> = Object.fromEntries(readSafetensors(file));
  writeFileSync(file, safetensors({ ...tensors, [name]: change(float32(tensors[name]!)) }));
  return to;
}

/** A U-Net that sees a mask, whose other weights are Stable Diffusion's. */
function seeingUnet(): string {
  const folder = join(files, "seeing");
  mkdirSync(folder);
  const unet = join(model("sd15"), "unet");
  return changed(unet, join(folder, "unet"), { in_channels: 9 }, ["conv_in.weight", (weight) => widened(weight, 9)]);
}

/** A ControlNet of Z-Image that sees mask and image. */
function seeingNet(): string {
  const widen = (weight: Floats): Floats => {
    const [out] = weight.shape as [number];
    const { data } = turned(weight, [4, 16]);
    const wide = widened(floats([out, 16, 4], data), 33);
    return turned(floats([out, 33 * 4], wide.data), [33, 4]);
  };
  const name = "control_all_x_embedder.2-1.weight";
  return changed(net("z-image"), join(files, "seeing-net"), { control_in_dim: 33 }, [name, widen]);
}

const guided: GenerateConfig = { negative_prompt: "blurry", guidance_scale: 6 };

describe("inpainting with a ControlNet draws what the reference draws", () => {
  it.each<[string, GenerateConfig]>([
    ["sd15", { ...guided, num_images_per_prompt: 2, control_guidance_start: 0.3 }],
    ["sdxl", { ...guided, guidance_scale: 5, guess_mode: true }],
    ["flux", { guidance_scale: 3.5, max_sequence_length: 32, num_images_per_prompt: 2 }],
  ])("of %s", async (name, settings) => {
    const config = { model: model(name), components: { controlnet: net(name) } };
    await expectPicture(`${name}-mask`, await generated(config, settings));
  });

  it("of a part of an image, where the net follows the same part of its picture", async () => {
    const bytes = await sharp(scene).raw().toBuffer();
    const inverted: Picture = { width: 128, height: 96, values: Float32Array.from(bytes, (byte) => 1 - byte / 255) };
    const config = { model: model("sd15"), components: { controlnet: net("sd15") } };
    const part = { ...guided, padding_mask_crop: 8 };
    const made = await generated(config, part, { image: scene, controlPicture: inverted });
    await expectPicture("sd15-part", made, 1 / 255 + 1e-6);
  });

  it("of a U-Net that sees the mask, which the net does not", async () => {
    const config = { model: model("sd15"), components: { unet: seeingUnet(), controlnet: net("sd15") } };
    await expectPicture("sd15-seeing", await generated(config, { ...guided, strength: 1 }));
  });

  it("of Z-Image, by a net that sees mask and image, from noise", async () => {
    const config = { model: model("z-image"), components: { controlnet: seeingNet() } };
    const settings = { ...guided, guidance_scale: 4, max_sequence_length: 48, strength: 1 };
    const pipeline = await opened(config, settings);
    await expectPicture("z-image-mask", await pipeline.generate(shown));
    await expect(pipeline.generate({ ...shown, strength: 0.6 })).rejects.toThrow(
      /strength must be 1 with a ControlNet, found 0\.6/,
    );
    await pipeline.close();
  });
});

it.each<[string, GenerateConfig, GenerateConfig]>([
  ["sd15", {}, { strength: 1, guidance_scale: 7.5, controlnet_conditioning_scale: 0.5 }],
  ["sdxl", {}, { strength: 0.9999, guidance_scale: 5, controlnet_conditioning_scale: 1 }],
  ["flux", { max_sequence_length: 32 }, { strength: 0.6, guidance_scale: 7, controlnet_conditioning_scale: 1 }],
])("of %s has the defaults of the pipeline that does both", async (name, settings, defaults) => {
  const generate = { prompt: "cat", mask, num_inference_steps: 2, height: 32, width: 32, ...settings };
  const config = { model: model(name), components: { controlnet: net(name) }, generate };
  const pipeline = await createPipeline(config, { cacheDir });
  const { recipe } = await pipeline.generate(shown);
  await pipeline.close();
  expect(recipe.config.generate).toMatchObject(defaults);
});

it("a net that sees a mask beside the latents is refused: U-Nets' nets see latents alone", async () => {
  const wide = join(files, "wide-net");
  cpSync(net("sd15"), wide, { recursive: true });
  const options = JSON.parse(readFileSync(join(wide, "config.json"), "utf8"));
  writeFileSync(join(wide, "config.json"), JSON.stringify({ ...options, in_channels: 9 }));
  const refused = validateConfig({ model: model("sd15"), components: { controlnet: wide }, generate: asked });
  await expect(refused).rejects.toThrow(/its "in_channels" must be 4, found 9/);
});
