import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { safetensors } from "@skipstep/contract/graph";
import {
  type ConfigInput,
  createPipeline,
  type GenerateConfig,
  type GenerateResult,
  inspectConfig,
  openRecipe,
  type Pipeline,
  type PluginUse,
  validateConfig,
} from "@skipstep/core";
import { AdaCache } from "@skipstep/plugin-adacache";
import { CacheDit } from "@skipstep/plugin-cache-dit";
import { DeepCache } from "@skipstep/plugin-deepcache";
import { EasyCache } from "@skipstep/plugin-easycache";
import { FirstBlockCache } from "@skipstep/plugin-fbcache";
import { Fora } from "@skipstep/plugin-fora";
import { MagCache } from "@skipstep/plugin-magcache";
import { SeaCache } from "@skipstep/plugin-seacache";
import { TeaCache } from "@skipstep/plugin-teacache";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bytes } from "../packages/contract/test/build-plugins";
import { expectPicture, model, net, shown } from "./control-cases";
import { temporaryFolder } from "./emoji";
import { engineCache as cacheDir } from "./run-folder";

const files = temporaryFolder();
const prompt = "cat";
const small = { prompt, height: 32, width: 32, num_inference_steps: 4, seed: 1 };
const picture = join(files, "edges.png");
let sd: Pipeline;

beforeAll(async () => {
  const plain = await createPipeline({ model: model("sd15"), generate: { ...small, width: 64 } }, { cacheDir });
  const { images } = await plain.generate();
  writeFileSync(picture, await images[0]!.toPng());
  await plain.close();
  sd = await createPipeline(
    { model: model("sd15"), components: { controlnet: net("sd15") }, generate: { ...small, control_image: picture } },
    { cacheDir },
  );
});
afterAll(() => sd.close());

/** Largest difference of two generations' finished latents. */
function difference({ latents: a }: GenerateResult, { latents: b }: GenerateResult): number {
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);
}

async function generated(config: ConfigInput, request?: GenerateConfig): Promise<GenerateResult> {
  const pipeline = await createPipeline(config, { cacheDir });
  try {
    return await pipeline.generate(request);
  } finally {
    await pipeline.close();
  }
}

/** What a config's check says. */
async function refused(config: ConfigInput): Promise<string> {
  return validateConfig(config).then(
    () => "nothing",
    (error: Error) => error.message,
  );
}

const withNets = (name: string, components: Record<string, string>, generate: GenerateConfig = {}): ConfigInput => ({
  model: model(name),
  components,
  generate: { ...small, ...generate },
});

describe("draws what the reference draws", () => {
  const asked = { prompt: "slightly smiling cat face", seed: 5, height: 64, width: 64 };
  const begun = { ...asked, num_inference_steps: 8, strength: 0.6, controlnet_conditioning_scale: 0.7 };

  it.each<[string, GenerateConfig]>([
    ["sd15", { negative_prompt: "blurry", guidance_scale: 6, control_guidance_end: 0.5, num_images_per_prompt: 2 }],
    ["sdxl", { negative_prompt: "blurry", guidance_scale: 5 }],
    ["flux", { guidance_scale: 3.5, max_sequence_length: 32 }],
  ])("of %s, beginning with an image", async (name, settings) => {
    const config = withNets(name, { controlnet: net(name) }, { ...begun, ...settings });
    const pipeline = await createPipeline(config, { cacheDir });
    const made = await pipeline.generate(shown);
    await pipeline.close();
    await expectPicture(`${name}-image`, made);
  });

  it("of a net that gives means, and takes blue for red", async () => {
    const folder = join(files, "pooled");
    cpSync(net("sd15"), folder, { recursive: true });
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    const options = { global_pool_conditions: true, controlnet_conditioning_channel_order: "bgr" };
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, ...options }));
    const settings = { ...asked, negative_prompt: "blurry", num_inference_steps: 5, guidance_scale: 6 };
    const pipeline = await createPipeline(withNets("sd15", { controlnet: folder }, settings), { cacheDir });
    const made = await pipeline.generate({ controlPicture: shown.controlPicture });
    await pipeline.close();
    await expectPicture("sd15-pooled", made);
  });
});

describe("at a step that no net steers", () => {
  it("the model alone runs, and the report says at which steps the net did", async () => {
    const plain = await generated({ model: model("sd15"), generate: small });
    const off = await sd.generate({ controlnet_conditioning_scale: 0 });
    expect(difference(off, plain)).toBeLessThan(1e-5);
    expect(off.report.controlnets).toEqual([{ name: "controlnet", steps: [], summary: "ran at 0 of 5 steps" }]);
    expect(off.report.seconds.components.controlnet).toBe(0);
    expect(off.report.warnings.join()).toMatch(/controlnet did not run/);

    const half = await sd.generate({ control_guidance_start: 0.2, control_guidance_end: 0.7 });
    expect(half.report.controlnets![0]!.steps).toEqual([1, 2]); // of PNDM's 5 passes
    expect(difference(half, plain)).toBeGreaterThan(1e-3);
  });
});

describe("several nets", () => {
  it("add up: twice the same is one at the sum of the scales", async () => {
    const two = await generated(
      withNets(
        "sd15",
        { controlnet: net("sd15"), controlnet_1: net("sd15") },
        {
          control_image: [picture, picture],
          controlnet_conditioning_scale: [0.25, 0.5],
        },
      ),
    );
    expect(difference(two, await sd.generate({ controlnet_conditioning_scale: 0.75 }))).toBeLessThan(1e-4);
    expect(two.report.controlnets!.map(({ name }) => name)).toEqual(["controlnet", "controlnet_1"]);
  });

  it("with guidance in two passes are as in one batch, in guess mode, too", async () => {
    const config = withNets("sd15", { controlnet: net("sd15") }, { control_image: picture });
    const separate = await createPipeline({ ...config, guidance: "separate" }, { cacheDir });
    for (const guess_mode of [false, true])
      expect(difference(await separate.generate({ guess_mode }), await sd.generate({ guess_mode }))).toBeLessThan(1e-4);
    await separate.close();
  });
});

it("an image is as large as the net's picture where nothing is said, and the picture is resized where it is", async () => {
  const config: ConfigInput = {
    model: model("sd15"),
    components: { controlnet: net("sd15") },
    generate: { prompt, num_inference_steps: 1, control_image: picture },
  };
  const [own] = (await generated(config)).images;
  expect([own!.width, own!.height]).toEqual([64, 32]);
  const [asked] = (await generated(config, { height: 40, width: 40 })).images;
  expect([asked!.width, asked!.height]).toEqual([40, 40]);
});

it("a recipe names net and picture by their content, and makes the image again", async () => {
  const made = await sd.generate({ seed: 7 });
  const { config, missing } = made.recipe;
  expect(config.components).toEqual({ controlnet: { name: "controlnet", sha256: expect.any(String) } });
  expect(config.generate.control_image).toEqual({ name: "edges.png", sha256: expect.any(String) });
  expect(missing).toBeUndefined();
  await expect(openRecipe(made.recipe, { cacheDir })).rejects.toThrow(/generate\.control_image .*edges\.png/);
  const again = await createPipeline(await openRecipe(made.recipe, { allow: true, cacheDir }), { cacheDir });
  expect((await again.generate()).latents.data).toEqual(made.latents.data);
  await again.close();

  const { width, height, values } = made.images[0]!;
  const remembered = await sd.generate({ controlPicture: { width, height, values } });
  expect(remembered.recipe.missing).toEqual(["controlPicture"]);
  expect(remembered.recipe.config.generate.control_image).toBeUndefined();
});

it("is a component of its own: its picture is embedded once, and it counts in the estimate", async () => {
  const plain = inspectConfig(await validateConfig({ model: model("sd15"), generate: small }));
  const inspection = inspectConfig(await validateConfig(sd.config));
  const controlnet = inspection.components.find(({ name }) => name === "controlnet")!;
  expect(controlnet.className).toBe("ControlNetModel");
  expect(controlnet.segments[0]).toMatchObject({ ahead: true, inputs: ["timestep"] });
  expect(controlnet.segments[1]).toMatchObject({ once: true, inputs: ["controlnet_cond"] });
  expect(controlnet.activationBytes).toBeGreaterThan(0);
  expect(inspection.estimatedMemory).toBeGreaterThan(plain.estimatedMemory + controlnet.weightBytes / 2);
  expect(inspection.notes.filter(({ kind }) => kind === "warning")).toEqual([]);
});

describe("beside a cache", () => {
  const generate = { control_image: picture, control_guidance_end: 0.5, num_inference_steps: 6 };

  it("the step at which a net ceases to steer is computed", async () => {
    const flux = withNets("flux", { controlnet: net("flux") }, { ...generate, max_sequence_length: 16 });
    const cached = await generated({ ...flux, plugins: [{ use: FirstBlockCache, options: { threshold: 1e6 } }] });
    expect(cached.report.controlnets![0]!.steps).toEqual([0, 1, 2]);
    expect(cached.report.plugins[0]!.regions[1]).toMatchObject({ computed: [0, 3], reused: [1, 2, 4, 5] });

    const unet = withNets("sd15", { controlnet: net("sd15") }, generate);
    const deep = await generated({ ...unet, plugins: [{ use: DeepCache, options: { cache_interval: 5 } }] });
    expect(deep.report.controlnets![0]!.steps).toEqual([0, 1, 2]); // of 7 passes
    expect(deep.report.plugins[0]!.regions[0]).toMatchObject({ computed: [0, 3, 5] });
  });

  it.each<[string, PluginUse]>([
    [
      "adacache",
      {
        use: AdaCache,
        options: {
          codebook: [
            [1e6, 2],
            [1e9, 1],
          ],
        },
      },
    ],
    [
      "cache-dit",
      { use: CacheDit, options: { residual_diff_threshold: 1e6, max_warmup_steps: 1, Fn_compute_blocks: 1 } },
    ],
    ["easycache", { use: EasyCache, options: { threshold: 1e6, start: 0, end: 1 } }],
    ["fora", { use: Fora, options: { interval: 4 } }],
    ["magcache", { use: MagCache, options: { mag_ratios: [1, 1, 1, 1, 1, 1], threshold: 1e6, retention_ratio: 0 } }],
    ["seacache", { use: SeaCache, options: { threshold: 1e6, cache_end_steps: 0, residual_order: 0 } }],
    ["teacache", { use: TeaCache, options: { rel_l1_thresh: 1e6 } }],
  ])("%s computes that step, too, and skips others", async (_, plugin) => {
    const config = withNets("flux", { controlnet: net("flux") }, { ...generate, max_sequence_length: 16 });
    const { regions } = (await generated({ ...config, plugins: [plugin] })).report.plugins[0]!;
    expect(new Set(regions.flatMap(({ reused }) => reused)).size).toBeGreaterThan(0);
    for (const { name, reused } of regions) expect(reused, name).not.toContain(3);
  });
});

it("weights in few bits, and weights that come and go", async () => {
  const config = withNets("sd15", { controlnet: net("sd15") }, { control_image: picture });
  const rounded = inspectConfig(
    await validateConfig({ ...config, plugins: [{ use: Bytes, options: {}, components: ["controlnet"] }] }),
  );
  expect(Object.keys(rounded.plugins[0]!.components)).toEqual(["controlnet"]);
  for (const memory of ["component", "sequential"] as const)
    expect((await generated({ ...config, memory })).latents.data).toEqual((await sd.generate()).latents.data);
});

describe("files of what is no net of the family", () => {
  const folder = join(files, "files");
  const write = (name: string, tensors: Iterable<[string, object]>): string => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), safetensors(Object.fromEntries(tensors) as never));
    return join(folder, name);
  };

  it.each([
    ["adapter.body.0.resnets.0.block1.weight", "a T2I-Adapter"],
    ["lora_controlnet", "a Control-LoRA"],
    ["task_embedding", "a ControlNet-Union of Stable Diffusion XL"],
    ["transformer_blocks.0.img_mod.1.weight", "a ControlNet of Qwen-Image"],
    ["controlnet_x_embedder.weight", "a ControlNet of FLUX.1"],
    ["control_all_x_embedder.2-1.weight", "a ControlNet of Z-Image"],
  ])("with %s are refused by name", async (tensor, what) => {
    const file = write("other.safetensors", [[tensor, { dtype: "float32", shape: [1], bytes: new Float32Array(1) }]]);
    expect(await refused(withNets("sd15", { controlnet: file }))).toContain(`is ${what}, which is not run`);
  });
});

it("a checkpoint may come with a net of its own", async () => {
  const folder = join(files, "with-net");
  cpSync(model("sd15"), folder, { recursive: true });
  cpSync(net("sd15"), join(folder, "controlnet"), { recursive: true });
  const index = JSON.parse(readFileSync(join(folder, "model_index.json"), "utf8"));
  const own = {
    ...index,
    _class_name: "StableDiffusionControlNetPipeline",
    controlnet: ["diffusers", "ControlNetModel"],
  };
  writeFileSync(join(folder, "model_index.json"), JSON.stringify(own));
  const made = await generated({ model: folder, generate: { ...small, control_image: picture } });
  expect(made.latents.data).toEqual((await sd.generate()).latents.data);
  expect(made.report.warnings).toEqual([]);
});

describe("bad input", () => {
  const one = { controlnet: net("sd15") };

  it.each<[string, ConfigInput, RegExp]>([
    ["no net", withNets("sd15", {}, { control_image: picture }), /control_image is for a ControlNet\. Add one/],
    ["guess mode without a net", withNets("sd15", {}, { guess_mode: true }), /guess_mode is for ControlNets/],
    [
      "two pictures for one net",
      withNets("sd15", one, { control_image: [picture, picture] }),
      /must be one, for the one ControlNet, found 2/,
    ],
    [
      "two scales for one net",
      withNets("sd15", one, { controlnet_conditioning_scale: [1, 2] }),
      /controlnet_conditioning_scale must be one number or .* found 2/,
    ],
    [
      "a start behind the end",
      withNets("sd15", one, { control_guidance_start: 0.6, control_guidance_end: 0.5 }),
      /0\.6 must be below control_guidance_end 0\.5/,
    ],
    ["an end above 1", withNets("sd15", one, { control_guidance_end: 1.5 }), /control_guidance_end.*must be <= 1/],
    [
      "guess mode in FLUX",
      withNets("flux", { controlnet: net("flux") }, { guess_mode: true }),
      /guess_mode.* is not for FluxPipeline/,
    ],
    [
      "guess mode in Z-Image",
      withNets("z-image", { controlnet: net("z-image") }, { guess_mode: true }),
      /guess_mode.* is not for ZImagePipeline/,
    ],
    [
      "an interval in Z-Image",
      withNets("z-image", { controlnet: net("z-image") }, { control_guidance_end: 0.5 }),
      /control_guidance_end.* is not for ZImagePipeline/,
    ],
    [
      "two nets in Z-Image",
      withNets("z-image", { controlnet: net("z-image"), controlnet_1: net("z-image") }),
      /the model takes one/,
    ],
    [
      "an image to begin with in Z-Image",
      withNets("z-image", { controlnet: net("z-image") }, { image: picture }),
      /image and a ControlNet do not go together/,
    ],
    [
      "a kind of picture for a net of one",
      withNets("flux", {}, { control_mode: 1 }),
      /control_mode is for ControlNets/,
    ],
    [
      "a net of FLUX",
      withNets("sd15", { controlnet: net("flux") }),
      /is a FluxControlNetModel, which this pipeline cannot use/,
    ],
    [
      "a net of XL",
      withNets("sd15", { controlnet: net("sdxl") }),
      /is no ControlNet for this Stable Diffusion 1, 2: its "block_out_channels" must be/,
    ],
    ["a family without nets", withNets("pixart", one), /A PixArtSigmaPipeline takes no ControlNets.*: FLUX\.1, Stable/],
    ["FLUX.2 klein", withNets("flux2-klein-base", one), /A Flux2KleinPipeline takes no ControlNets/],
    ["Qwen-Image", withNets("qwen-image", one), /A QwenImagePipeline takes no ControlNets/],
    [
      "a mask for a net of Z-Image that does not see it",
      withNets("z-image", { controlnet: net("z-image") }, { image: picture, mask: picture }),
      /mask is for ControlNets that see 33 channels.*; this one sees 16/,
    ],
    ["a misspelt name", withNets("sd15", { control_net: net("sd15") }), /has no component "control_net"/],
  ])("%s", async (_, config, says) => {
    expect(await refused(config)).toMatch(says);
  });

  it("a generation without a picture, and one that is broken", async () => {
    const pipeline = await createPipeline(withNets("sd15", one), { cacheDir });
    await expect(pipeline.generate()).rejects.toThrow(/control_image is needed, here or in the config/);
    const broken = join(files, "broken.png");
    writeFileSync(broken, "no picture");
    const made = pipeline.generate({ control_image: broken });
    await expect(made).rejects.toMatchObject({ code: "SKIPSTEP_IMAGE_UNREADABLE" });
    const empty = pipeline.generate({ controlPicture: { width: 2, height: 2, values: new Float32Array(3) } });
    await expect(empty).rejects.toThrow(/"controlPicture" must have 12 values/);
    await pipeline.close();
  });
});
