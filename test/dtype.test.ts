import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@skipstep/contract/graph";
import {
  type ConfigInput,
  createPipeline,
  type GenerateResult,
  inspectConfig,
  listEngines,
  validateConfig,
} from "@skipstep/core";
import { toFloat32 } from "@skipstep/core/plugin";
import { beforeAll, describe, expect, it } from "vitest";
import { Bnb } from "../plugins/bnb/src/index";
import { ChannelsLast } from "../plugins/channels-last/src/index";
import { draw, psnr } from "./draw";
import { emojiConfig, temporaryFolder } from "./emoji";
import { writeTensors } from "./made-checkpoint";
import { engineCache as cacheDir } from "./run-folder";

const other = temporaryFolder();
const models = join(import.meta.dirname, "../models");
const generate = { prompt: "red heart" };

function config(more: Partial<ConfigInput> = {}, model = "emoji"): ConfigInput {
  return { ...emojiConfig({ generate, ...more }), model: join(models, model) };
}

/** Bytes of the engines that were drawn with. */
async function drawn(given: ConfigInput): Promise<{ result: GenerateResult; bytes: Record<string, number> }> {
  const folder = temporary();
  const result = await draw(given, folder);
  const engines = listEngines(folder).map(({ component, bytes }) => [component, bytes] as const);
  return { result, bytes: Object.fromEntries(engines) };
}

let count = 0;
function temporary(): string {
  return join(cacheDir, String(count++));
}

describe.each(["emoji", "emoji-unet"])("the weights of %s in 16 bits", (model) => {
  let plain: Awaited<ReturnType<typeof drawn>>;
  beforeAll(async () => {
    plain = await drawn(config({}, model));
  });

  it.each(["float16", "bfloat16"] as const)("%s take half, and draw the image of float32", async (dtype) => {
    const { result, bytes } = await drawn(config({ dtype }, model));
    // The checkpoint is float16: nothing is rounded but what float32 sums in another order.
    expect(psnr(result, plain.result)).toBeGreaterThan(dtype === "float16" ? 90 : 45);
    expect(result.report.warnings).toEqual([]);
    const denoiser = model === "emoji" ? "transformer" : "unet";
    expect(result.report.notes).toContain(`${denoiser}: weights in ${dtype}, computed in float32 on "cpu".`);
    const all = (sizes: Record<string, number>): number => Object.values(sizes).reduce((sum, size) => sum + size, 0);
    expect(all(bytes) / all(plain.bytes)).toBeLessThan(0.53); // with the models' graphs, which are 1% here
  });
});

describe("dtype by component", () => {
  it("is the checkpoint's bytes where it is float16 as well", async () => {
    const folder = temporary();
    await draw(config({ dtype: "float16" }), folder);
    const { folder: engine } = listEngines(folder).find(({ component }) => component === "transformer")!;
    const file = readSafetensors(join(models, "emoji/transformer/diffusion_pytorch_model.safetensors"));
    const { data, shape } = file.get("layers.0.feed_forward.w1.weight")!;
    const [rows, columns] = shape as [number, number];
    const codes = new Uint16Array(
      Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).buffer,
    );
    const turned = Uint16Array.from(
      { length: codes.length },
      (_, i) => codes[(i % rows) * columns + Math.floor(i / rows)]!,
    );
    expect(readFileSync(join(engine, "weights.bin")).includes(Buffer.from(turned.buffer))).toBe(true);
  });

  it("leaves the others as they are, and is in what inspect, estimates and recipes say", async () => {
    const mixed = { transformer: "float16", default: "float32" } as const;
    const { result, bytes } = await drawn(config({ torch_dtype: mixed }));
    const { bytes: whole } = await drawn(config());
    expect(bytes.vae).toBe(whole.vae);
    expect(bytes.transformer! / whole.transformer!).toBeLessThan(0.53);
    const [inspected, plain] = [
      inspectConfig(await validateConfig(config({ dtype: mixed }))),
      inspectConfig(await validateConfig(config())),
    ];
    expect(inspected.components.map(({ name, dtype }) => [name, dtype])).toEqual([
      ["text_encoder", "float32"],
      ["transformer", "float16"],
      ["vae", "float32"],
    ]);
    const ratios = inspected.components.map(({ weightBytes }, i) => weightBytes / plain.components[i]!.weightBytes);
    expect(ratios[1]).toBeLessThan(0.51);
    expect([ratios[0], ratios[2]]).toEqual([1, 1]);
    expect(inspected.estimatedMemory).toBeLessThan(plain.estimatedMemory);
    expect(result.recipe.config.dtype).toEqual(mixed);
    expect(result.recipe.config).not.toHaveProperty("torch_dtype");
  });

  it("is layered: the stronger file, or --set, says the last word under either name", async () => {
    const { config: checked } = await validateConfig(config({ dtype: "float16" }), {
      overrides: ["torch_dtype=bfloat16"],
    });
    expect(checked.dtype).toBe("bfloat16");
    const parts = await validateConfig(config({ dtype: { vae: "float16" } }), {
      overrides: ["dtype.transformer=float16"],
    });
    expect(parts.config.dtype).toEqual({ vae: "float16", transformer: "float16" });
  });
});

describe("plugins and LoRAs beside weights in 16 bits", () => {
  it("channels-last and bnb store what is theirs, and the rest is half", async () => {
    const plugins = [{ use: ChannelsLast, components: ["unet", "vae"] }];
    const [whole, half] = [
      await drawn(config({ plugins }, "emoji-unet")),
      await drawn(config({ plugins, dtype: "float16" }, "emoji-unet")),
    ];
    expect(psnr(half.result, whole.result)).toBeGreaterThan(80);
    expect(half.bytes.unet! / whole.bytes.unet!).toBeLessThan(0.53);
    const four = { use: Bnb, options: { load_in_4bit: true } };
    const [plain, both] = [
      await drawn(config({ plugins: [four] })),
      await drawn(config({ plugins: [four], dtype: "float16" })),
    ];
    expect(psnr(both.result, plain.result)).toBeGreaterThan(80);
    expect([both.bytes.transformer, both.bytes.vae! < 0.53 * plain.bytes.vae!]).toEqual([
      plain.bytes.transformer,
      true,
    ]);
  });

  it("a LoRA is added in float32 and rounded once", async () => {
    const model = join(import.meta.dirname, "golden/pipelines/sd15");
    const lora = [join(import.meta.dirname, "golden/extras/lora-kohya-sd15/lora.safetensors")];
    const sized = { ...generate, num_inference_steps: 2, height: 64, width: 64, seed: 1 };
    const given = { model, lora, generate: sized };
    const [whole, half] = [await draw(given, other), await draw({ ...given, dtype: "float16" }, other)];
    expect(psnr(half, whole)).toBeGreaterThan(55);
  });
});

describe("refused by name", () => {
  const refused = async (given: ConfigInput): Promise<string> =>
    validateConfig(given).then(
      () => "nothing",
      (error) => String(error.message),
    );

  it.each<[object, RegExp]>([
    [{ dtype: "fp16" }, /#\/dtype must be one of float32, float16, bfloat16, .* found "fp16"/],
    [{ dtype: { transformr: "float16" } }, /#\/dtype has no component "transformr".*transformer/],
    [{ dtype: { vae: "half" } }, /#\/dtype\/vae must be/],
    [{ dtype: "float16", torch_dtype: "float16" }, /#\/torch_dtype is another name of "dtype", and both are given/],
    [
      { dtype: "bfloat16", device_map: { vae: "webgpu" } },
      /is bfloat16 for vae, which "webgpu" has not. It has: float32, float16\./,
    ],
  ])("%j", async (more, expected) => {
    expect(await refused(config(more))).toMatch(expected);
  });

  it("weights that are beyond float16's range, before anything is drawn", async () => {
    cpSync(join(models, "emoji"), other, { recursive: true });
    const file = join(other, "transformer/diffusion_pytorch_model.safetensors");
    const name = "layers.1.attention.to_v.weight";
    const tensors = [...readSafetensors(file)].map(([own, { dtype, shape, data }]) => {
      if (own !== name) return [own, { dtype, shape, bytes: data }] as const;
      const values = toFloat32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), dtype);
      values[5] = 70_000;
      values[6] = -1e6;
      return [own, { dtype: "float32", shape, bytes: values }] as const;
    });
    writeTensors(file, new Map(tensors));
    const large = { ...config({ dtype: "float16" }), model: other };
    await expect(createPipeline(large, { cacheDir: temporary() })).rejects.toThrow(
      /^Weight "layers.1.attention.to_v.weight" has 2 numbers beyond float16's 65504, the largest is 1000000. Set "dtype"/,
    );
    const pipeline = await createPipeline({ ...large, dtype: "bfloat16" }, { cacheDir: temporary() });
    await pipeline.close();
  });
});
