import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../src/config/load";
import { loraWarnings } from "../src/start/apply-loras";
import { ownCatalogue } from "../src/start/catalogue";
import { loraTargets, targetKey } from "../src/weights/lora/lora-targets";
import { apply, file, fileWithMetadata, matrix, ones, root, tensor, unet, using, values } from "./apply-lora";
import { type StoredTensor, thrown, write } from "./checkpoint-files";
import { known, partOf } from "./open-known";
import { originalFlux, originalUNet, originalZImage, type StoredTensors } from "./original-names";
import { readSafetensors } from "./read-safetensors";

const { settingsSchema } = ownCatalogue;

const golden = join(import.meta.dirname, "../../../test/golden");

describe("the weights", () => {
  const first = file({
    "unet.mid.to_q.lora_A.weight": tensor([1, 3], 1, 0, -1),
    "unet.mid.to_q.lora_B.weight": tensor([2, 1], 2, 4),
  });
  const second = file({
    "lora_unet_mid_to_q.lora_down.weight": tensor([2, 3], 1, 1, 0, 0, 1, 1),
    "lora_unet_mid_to_q.lora_up.weight": tensor([2, 2], 1, 0, 0, 2),
    "lora_unet_mid_to_q.alpha": tensor([], 1),
  });

  it("get every LoRA, each with its scale and alpha / rank", () => {
    const applied = apply({ unet: matrix }, [
      [first, 0.5],
      [second, 3],
    ]);
    // 0.5 * [2, 4]ᵀ [1, 0, -1] = [1, 0, -1], [2, 0, -2];  3 * 1/2 * [1, 1, 0], [0, 2, 2] = [1.5, 1.5, 0], [0, 3, 3]
    expect(values(applied, "unet", "mid.to_q.weight")).toEqual([1 + 1 + 1.5, 2 + 1.5, 3 - 1, 4 + 2, 5 + 3, 6 - 2 + 3]);
    expect(loraWarnings(applied.loras)).toEqual([]);
    expect(applied.loras.map(({ matched }) => matched)).toEqual([{ unet: 1 }, { unet: 1 }]);
  });

  it("are the same by rows, and whole", () => {
    const applied = apply({ unet: matrix }, [[first, 0.5]]);
    using(applied, "unet", (weights) => {
      expect([...weights.read("mid.to_q.weight").data]).toEqual([2, 2, 2, 6, 5, 4]);
      const bytes = weights.readRows("mid.to_q.weight", 1, 1);
      expect([...new Float32Array(bytes.slice().buffer)]).toEqual([6, 5, 4]);
      expect(weights.expect("mid.to_q.weight", [2, 3])).toMatchObject({ dtype: "float32", byteLength: 24 });
    });
  });

  it("have another identity with other LoRAs and scales, and their own where nothing is changed", () => {
    const models = { unet: matrix, vae: unet(["conv", ones(2, 2)]) };
    const identity = (lora: [string, number][], component = "unet"): string =>
      using(apply(models, lora), component, (weights) => weights.identity(join(root, "cache")));
    const all = [identity([]), identity([[first, 1]]), identity([[first, 0.5]]), identity([[second, 1]])];
    expect(new Set(all).size).toBe(4);
    expect(identity([[first, 1]])).toBe(all[1]);
    expect(identity([[first, 1]], "vae")).toBe(identity([], "vae"));
  });

  it("of convolutions take kernels of 3 x 3, of one pixel, and a kernel in the middle", () => {
    const kernel = Array.from({ length: 18 }, (_, i) => i);
    const model = unet(["a", ones(1, 2, 3, 3)], ["b", ones(2, 1, 1, 1)], ["c", ones(1, 2, 3, 3)]);
    const lora = file({
      "lora_unet_a.lora_down.weight": tensor([1, 2, 3, 3], ...kernel),
      "lora_unet_a.lora_up.weight": tensor([1, 1, 1, 1], 2),
      "lora_unet_b.lora_down.weight": tensor([1, 1], 3),
      "lora_unet_b.lora_up.weight": tensor([2, 1], 1, 2),
      "lora_unet_c.lora_down.weight": tensor([1, 2, 1, 1], 1, 10),
      "lora_unet_c.lora_mid.weight": tensor([1, 1, 3, 3], ...kernel.slice(0, 9)),
      "lora_unet_c.lora_up.weight": tensor([1, 1, 1, 1], 1),
    });
    const applied = apply({ unet: model }, [[lora, 1]]);
    expect(values(applied, "unet", "a.weight")).toEqual(kernel.map((value) => 1 + 2 * value));
    expect(values(applied, "unet", "b.weight")).toEqual([4, 7]);
    expect(values(applied, "unet", "c.weight")).toEqual(kernel.map((i) => 1 + (i % 9) * (i < 9 ? 1 : 10)));
  });

  it("take the strength that diffusers keeps in the header", () => {
    const tensors = {
      "unet.mid.to_q.lora_A.weight": tensor([4, 3], 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      "unet.mid.to_q.lora_B.weight": tensor([2, 4], 1, 0, 0, 0, 0, 0, 0, 0),
    };
    const added = (metadata: object): number =>
      values(apply({ unet: matrix }, [[fileWithMetadata(tensors, metadata), 1]]), "unet", "mid.to_q.weight")[0]! - 1;
    expect(added({})).toBe(1);
    expect(added({ "unet.r": 4, "unet.lora_alpha": 8 })).toBe(2);
    expect(added({ "unet.lora_alpha": 8, "unet.use_rslora": true })).toBe(4);
    expect(added({ "unet.lora_alpha": 8, "unet.alpha_pattern": { to_q: 2 } })).toBe(0.5);
    expect(added({ "text_encoder.lora_alpha": 8 })).toBe(1);
  });
});

describe("the names", () => {
  const update = (module: string, [down, up]: readonly [string, string], inputs = 1): Record<string, StoredTensor> => ({
    [module + down]: ones(1, inputs),
    [module + up]: ones(1, 1),
  });
  const dotted = [".lora_A.weight", ".lora_B.weight"] as const;
  const kohya = [".lora_down.weight", ".lora_up.weight"] as const;

  it.each([
    ["unet.a.attn1.to_out.0", dotted],
    ["unet.a.attn1.to_out.0", [".lora_A.default.weight", ".lora_B.default.weight"]],
    ["base_model.model.a.attn1.to_out.0", dotted],
    ["a.attn1.to_out.0", [".lora.down.weight", ".lora.up.weight"]],
    ["unet.a.attn1.processor.to_out", ["_lora.down.weight", "_lora.up.weight"]],
    ["model.diffusion_model.a.attn1.to_out.0", kohya],
    ["lora_unet_a_attn1_to_out_0", kohya],
  ] as const)("%s of the U-Net is known", (module, ends) => {
    const applied = apply({ unet: unet(["a.attn1.to_out.0", ones(1, 1)]) }, [[file(update(module, ends)), 1]]);
    expect(values(applied, "unet", "a.attn1.to_out.0.weight")).toEqual([2]);
  });

  it.each([
    ["text_encoder.text_model.layers.0.self_attn.q_proj", dotted, "text_encoder"],
    ["text_encoder.layers.0.self_attn.q_proj", dotted, "text_encoder"],
    ["text_encoder.text_model.layers.0.self_attn.to_q", ["_lora.down.weight", "_lora.up.weight"], "text_encoder"],
    [
      "text_encoder_2.text_model.layers.0.self_attn.q_proj",
      [".lora_linear_layer.down.weight", ".lora_linear_layer.up.weight"],
      "text_encoder_2",
    ],
    ["lora_te_text_model_layers_0_self_attn_q_proj", kohya, "text_encoder"],
    ["lora_te1_text_model_layers_0_self_attn_q_proj", kohya, "text_encoder"],
    ["lora_te2_text_model_layers_0_self_attn_q_proj", kohya, "text_encoder_2"],
  ] as const)("%s of CLIP is known, with and without text_model", (module, ends, component) => {
    for (const prefix of ["", "text_model."]) {
      const name = `${prefix}layers.0.self_attn.q_proj.weight`;
      const clip = { className: "CLIPTextModel", tensors: { [name]: ones(1, 1) } };
      const models = { unet: matrix, text_encoder: clip, text_encoder_2: clip };
      const applied = apply(models, [[file(update(module, ends)), 1]]);
      expect(applied.loras[0]!.matched).toEqual({ [component]: 1 });
      expect(values(applied, component, name)).toEqual([2]);
    }
  });

  /** A model under its authors' names is what a LoRA's modules are called after, and what a single file has. */
  it.each([
    ["pipelines/sd15/unet", "UNet2DConditionModel", (tensors: StoredTensors) => originalUNet(tensors, 2)],
    ["pipelines/sdxl/unet", "UNet2DConditionModel", (tensors: StoredTensors) => originalUNet(tensors, 2)],
    ["flux", "FluxTransformer2DModel", originalFlux],
    ["pipelines/z-image/transformer", "ZImageTransformer2DModel", originalZImage],
  ] as const)("of all weights of %s are known as their authors gave them", (folder, className, original) => {
    const tensors = tensorsIn(join(golden, folder));
    const entries = [...tensors].map(([name, { shape, dtype }]) => {
      return { name, shape, dtype, file: "", offset: 0, byteLength: 0 };
    });
    const targets = loraTargets(known.of(className), entries);
    const shapes = new Map([...original(tensors)].map(([name, { shape }]) => [name, shape]));
    let count = 0;
    for (const [weight, { shape, parts }] of partOf(shapes, className, "denoiser")!.recipes) {
      if (!weight.endsWith(".weight") || shape.length < 2) continue;
      const module = targetKey(parts[0]!.tensor.replace(/\.weight$/, ""), "weight");
      expect(targets.get(module) ?? [], module).toContainEqual(
        expect.objectContaining({ weight, shape: tensors.get(weight)!.shape, parts }),
      );
      count++;
    }
    expect(count).toBeGreaterThan(20);
  });

  it("of FLUX's fused queries, keys and values give each its rows", () => {
    const names = ["to_q", "to_k", "to_v"].map((name) => `transformer_blocks.0.attn.${name}.weight`);
    const tensors = Object.fromEntries(names.map((name) => [name, ones(1, 1)]));
    const lora = file({
      "lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": tensor([1, 1], 1),
      "lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight": tensor([3, 1], 10, 20, 30),
    });
    const applied = apply({ transformer: { className: "FluxTransformer2DModel", tensors } }, [[lora, 1]]);
    expect(names.map((name) => values(applied, "transformer", name))).toEqual([[11], [21], [31]]);
  });

  it("that nothing in the model has are told", () => {
    const lora = file({
      ...update("unet.mid.to_q", dotted, 3),
      "unet.mid.to_q.lora_B.weight": ones(2, 1),
      ...update("unet.mid.to_x", dotted),
      ...update("text_encoder.layers.0.q_proj", dotted),
      emb_params: ones(1),
    });
    const { loras } = apply({ unet: matrix }, [[lora, 1]]);
    expect(loras[0]).toMatchObject({ modules: 3, matched: { unet: 1 } });
    expect(loraWarnings(loras)).toEqual([
      `${lora}: it brings a textual inversion, which is not used: emb_params.`,
      `${lora}: 1 of its 3 modules are in the model; nothing is there for unet.mid.to_x.lora_A.weight, text_encoder.layers.0.q_proj.lora_A.weight, and these are not used.`,
    ]);
  });

  it("of which none is in the model are an error", () => {
    const lora = file(update("unet.other.to_q", dotted));
    expect(thrown(() => apply({ unet: matrix }, [[lora, 1]]))).toBe(
      `SKIPSTEP_LORA_UNFIT: Nothing in ${lora} has a name that Skipstep knows for TestPipeline: the LoRA has unet.other.to_q.lora_A.weight; the model has mid.to_q.weight. Convert it to diffusers' names, or see docs/models.md for those that are read.`,
    );
  });
});

describe("a file", () => {
  const down = "unet.mid.to_q.lora_A.weight";
  const up = "unet.mid.to_q.lora_B.weight";
  const failure = (tensors: Readonly<Record<string, StoredTensor>>): string =>
    thrown(() => apply({ unet: matrix }, [[file(tensors), 1]])).replaceAll(root, "");

  it("of another shape than the model names tensor, expected and found", () => {
    expect(failure({ [down]: ones(1, 4), [up]: ones(2, 1) })).toMatch(
      /_LORA_SHAPE: Tensor "unet.mid.to_q.lora_A.weight" in .* must be \[1, 3\] for "mid.to_q.weight", found \[1, 4\]/,
    );
    expect(failure({ [down]: ones(1, 3), [up]: ones(2, 2) })).toMatch(/_LORA_SHAPE.*must be \[2, 1\].*found \[2, 2\]/);
  });

  it("in a folder is found by its usual name, or as the only one", () => {
    const lora = { [down]: tensor([1, 3], 1, 0, 0), [up]: tensor([2, 1], 1, 0) };
    const first = (folder: string): number =>
      values(apply({ unet: matrix }, [[join(root, folder), 1]]), "unet", "mid.to_q.weight")[0]!;
    file(lora, "one/cat.safetensors");
    expect(first("one")).toBe(2);
    file(lora, "peft/adapter_model.safetensors");
    file({}, "peft/other.safetensors");
    write(join(root, "peft/adapter_config.json"), JSON.stringify({ r: 1, lora_alpha: 5 }));
    expect(first("peft")).toBe(6);
    file(lora, "two/a.safetensors");
    file(lora, "two/b.safetensors");
    expect(thrown(() => first("two"))).toMatch(/_LORA_MISSING: .*several files: a.safetensors, b.safetensors/);
  });
});

describe("a config", () => {
  it("names LoRAs relative to itself, by path alone or with a scale", async () => {
    const path = file({}, "configs/loras/cat.safetensors");
    const lora = ["loras/cat.safetensors", { path: "loras/cat.safetensors", scale: -0.5 }];
    const text = JSON.stringify({ model: "somewhere", lora });
    const { config } = await loadConfig(write(join(root, "configs/a.json"), text), {
      catalogueOf: () => ({ schedulerSchemas: {}, settingsSchema, familiesWith: () => [] }),
    });
    expect(config.lora).toEqual([
      { path, scale: 1 },
      { path, scale: -0.5 },
    ]);
  });

  it("that names one that is not there, or says more of it, is told where", async () => {
    const text = JSON.stringify({ model: "m", lora: ["no.safetensors", { path: "configs", weight: 1 }, 3] }, null, 1);
    const loading = loadConfig(write(join(root, "b.json"), text), {
      catalogueOf: () => ({ schedulerSchemas: {}, settingsSchema, familiesWith: () => [] }),
    });
    const { problems } = await loading.then(
      () => expect.fail("it did not fail"),
      (error: { problems: { code: string; pointer: string }[] }) => error,
    );
    const told = problems.map(({ code, pointer }) => `${code} ${pointer}`);
    expect(told).toContain("SKIPSTEP_LORA_MISSING /lora/0");
    expect(told).toContain("SKIPSTEP_LORA_MISSING /lora/1/path");
    expect(told).toContain("SKIPSTEP_CONFIG_INVALID /lora/1");
    expect(told).toContain("SKIPSTEP_CONFIG_INVALID /lora/2");
  });
});

function tensorsIn(folder: string): StoredTensors {
  const names = readdirSync(folder).filter((name) => /^(diffusion_pytorch_)?model.*\.safetensors$/.test(name));
  const entries = names.flatMap((name) => [...readSafetensors(join(folder, name))]);
  return new Map(entries.map(([name, { dtype, shape, data }]) => [name, { dtype, shape, bytes: data }]));
}
