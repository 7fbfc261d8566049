import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loraWarnings } from "../src/start/apply-loras";
import { loraTargets, targetKey } from "../src/weights/lora/lora-targets";
import { apply, file, fileOf, type Model, ones, tensor, unet, values } from "./apply-lora";
import { type StoredTensor, thrown } from "./checkpoint-files";
import { originalPixArt, originalSd3 } from "./original-transformers";
import { readSafetensors } from "./read-safetensors";

const golden = join(import.meta.dirname, "../../../test/golden");

/** A LoRA of rank 1 that adds `value` to every row of the first column. */
function update(module: string, rows: readonly number[], columns: number): Record<string, StoredTensor> {
  const first = tensor([1, columns], 1, ...new Array<number>(columns - 1).fill(0));
  const isFlat = !module.includes(".");
  return {
    [`${module}.${isFlat ? "lora_down" : "lora_A"}.weight`]: first,
    [`${module}.${isFlat ? "lora_up" : "lora_B"}.weight`]: tensor([rows.length, 1], ...rows),
  };
}

describe("one update under two names", () => {
  const names = ["to_q", "to_k", "to_v"].map((name) => `layers.0.attention.${name}.weight`);
  const model: Model = {
    className: "ZImageTransformer2DModel",
    tensors: Object.fromEntries(names.map((name) => [name, ones(1, 2)])),
  };
  const fused = update("lora_unet_layers_0_attention_qkv", [10, 20, 30], 2);
  const drawn = (
    tensors: Record<string, StoredTensor>,
  ): { firsts: number[]; warnings: string[]; conclusions: readonly string[] } => {
    const applied = apply({ transformer: model }, [[file(tensors), 1]]);
    const firsts = names.map((name) => values(applied, "transformer", name)[0]! - 1);
    return { firsts, warnings: loraWarnings(applied.loras), conclusions: applied.loras[0]!.conclusions };
  };

  it("counts once, fused beside split, and is noted", () => {
    const split = [10, 20, 30].map((value, i) => update(`lora_unet_layers_0_attention_to_${"qkv"[i]}`, [value], 2));
    const { firsts, warnings, conclusions } = drawn(Object.assign({}, fused, ...split));
    expect(firsts).toEqual([10, 20, 30]);
    expect(warnings).toEqual([]);
    expect(conclusions).toHaveLength(3);
    expect(conclusions[0]).toMatch(
      /to_q.lora_down.weight" and "lora_unet_layers_0_attention_qkv.lora_down.weight" are one/,
    );
  });

  it("counts once row by row where only some rows are there twice", () => {
    const { firsts, warnings } = drawn({ ...fused, ...update("lora_unet_layers_0_attention_to_k", [20], 2) });
    expect(firsts).toEqual([10, 20, 30]);
    expect(warnings).toEqual([]);
  });

  it("that are two updates is told, and the model's own name counts", () => {
    const { firsts, warnings } = drawn({ ...fused, ...update("lora_unet_layers_0_attention_to_k", [25], 2) });
    expect(firsts).toEqual([10, 25, 30]);
    expect(warnings).toEqual([
      expect.stringMatching(
        /to_k.lora_down.weight" and ".*_qkv.lora_down.weight" are both for layers.0.attention.to_k.weight, and say/,
      ),
    ]);
  });

  it("counts once where one name has an alpha and the other needs none, without a word", () => {
    const doubled = Object.fromEntries(
      ["q", "k", "v"].flatMap((name, i) =>
        Object.entries(update(`transformer.layers.0.attention.to_${name}`, [20 * (i + 1)], 2)),
      ),
    );
    const alpha = { "lora_unet_layers_0_attention_qkv.alpha": tensor([], 2) };
    expect(drawn({ ...fused, ...alpha, ...doubled })).toMatchObject({ firsts: [20, 40, 60], warnings: [] });
  });

  it("counts once where the matrices are not the same, but their product is", () => {
    const halves = {
      "transformer.layers.0.attention.to_k.lora_A.weight": tensor([2, 2], 1, 0, 1, 0),
      "transformer.layers.0.attention.to_k.lora_B.weight": tensor([1, 2], 5, 15),
    };
    expect(drawn({ ...fused, ...halves })).toMatchObject({ firsts: [10, 20, 30], warnings: [] });
  });

  it.each([
    ["PEFT beside kohya", ["unet.a.to_q", "lora_unet_a_to_q"]],
    ["with and without the component's name", ["unet.a.to_q", "a.to_q"]],
    ["ComfyUI beside diffusers", ["diffusion_model.a.to_q", "unet.a.to_q"]],
    ["LyCORIS beside kohya", ["lycoris_a_to_q", "lora_unet_a_to_q"]],
  ])("counts once: %s", (_, modules) => {
    const tensors = Object.assign({}, ...modules.map((module) => update(module, [7], 1)));
    const applied = apply({ unet: unet(["a.to_q", ones(1, 1)]) }, [[file(tensors), 1]]);
    expect(values(applied, "unet", "a.to_q.weight")).toEqual([8]);
    expect(loraWarnings(applied.loras)).toEqual([]);
  });

  it("counts once where one module's matrices have two ways to be called", () => {
    const tensors = {
      ...update("unet.a.to_q", [7], 1),
      "unet.a.to_q.lora.down.weight": ones(1, 1),
      "unet.a.to_q.lora.up.weight": tensor([1, 1], 7),
    };
    const applied = apply({ unet: unet(["a.to_q", ones(1, 1)]) }, [[file(tensors), 1]]);
    expect(values(applied, "unet", "a.to_q.weight")).toEqual([8]);
  });
});

/** Every module of a model that has a weight, under its authors' names, is known. */
describe.each([
  ["sd3", "SD3Transformer2DModel", originalSd3],
  ["sd35", "SD3Transformer2DModel", originalSd3],
  ["pixart", "PixArtTransformer2DModel", originalPixArt],
] as const)("the authors' names of %s", (folder, className, original) => {
  it("are all known, with dots and with underscores", () => {
    const tensors = stored(folder);
    const targets = targetsOf(className, tensors);
    let rows = 0;
    for (const [name, { shape }] of original(tensors)) {
      if (!name.endsWith(".weight") || shape.length < 2) continue;
      const found = targets.get(targetKey(name.replace(/\.weight$/, ""), "weight"));
      const counts = found?.flatMap(({ parts }) => parts.map(({ count }) => count)) ?? [];
      expect(
        counts.reduce((sum, count) => sum + count, 0),
        name,
      ).toBe(shape[0]);
      rows++;
    }
    expect(rows).toBeGreaterThan(15);
  });
});

describe("names of trainers", () => {
  it.each([
    [
      "FluxTransformer2DModel",
      "flux",
      "transformer_blocks.0.attn.to_k",
      ["transformer.double_blocks.0.img_attn.qkv.1"],
    ],
    [
      "FluxTransformer2DModel",
      "flux",
      "single_transformer_blocks.0.proj_mlp",
      ["transformer.single_blocks.0.linear1.3"],
    ],
    ["FluxTransformer2DModel", "flux", "x_embedder", ["transformer.img_in.proj", "lora_unet_img_in"]],
    [
      "FluxTransformer2DModel",
      "flux",
      "transformer_blocks.0.attn.to_add_out",
      [
        "double_blocks.0.processor.proj_lora2",
        "lora_transformer_transformer_blocks_0_attn_to_add_out",
        "base_model.model.double_blocks.0.txt_attn.proj",
      ],
    ],
    [
      "SD3Transformer2DModel",
      "sd3",
      "transformer_blocks.0.attn.add_v_proj",
      ["transformer.joint_blocks.0.context_block.attn.qkv.2"],
    ],
    [
      "PixArtTransformer2DModel",
      "pixart",
      "transformer_blocks.0.attn2.to_v",
      ["transformer.blocks.0.cross_attn.kv_linear.1"],
    ],
    [
      "Flux2Transformer2DModel",
      "flux2",
      "single_transformer_blocks.0.attn.to_qkv_mlp_proj",
      [
        "diffusion_model.single_blocks.0.linear1",
        "lora_unet_single_blocks_0_linear1",
        "lycoris_single_transformer_blocks_0_attn_to_qkv_mlp_proj",
      ],
    ],
    [
      "Flux2Transformer2DModel",
      "flux2",
      "transformer_blocks.0.ff_context.linear_in",
      ["diffusion_model.double_blocks.0.txt_mlp.0", "diffusion_model.sformer_blocks.0.ff_context.linear_in"],
    ],
    [
      "QwenImageTransformer2DModel",
      "qwen-image",
      "transformer_blocks.0.img_mod.1",
      ["lora_unet_transformer_blocks_0_img_mod_1"],
    ],
    [
      "QwenImageTransformer2DModel",
      "qwen-image",
      "transformer_blocks.0.attn.to_out.0",
      ["transformer_blocks.0.attn.to_out.0"],
    ],
  ] as const)("%s: %s %s", (className, folder, module, names) => {
    const { shape } = stored(folder).get(`${module}.weight`)!;
    const columns = shape.slice(1).reduce((product, dim) => product * dim, 1);
    const tensors = Object.fromEntries(stored(folder));
    for (const name of names) {
      const lora = file(update(name, new Array<number>(shape[0]!).fill(1), columns));
      const applied = apply({ transformer: { className, tensors } }, [[lora, 1]]);
      const before = apply({ transformer: { className, tensors } }, []);
      const [now, then] = [applied, before].map((each) => values(each, "transformer", `${module}.weight`)[0]!);
      expect(now! - then!, name).toBeCloseTo(1, 5);
      expect(applied.loras[0]!.unmatched).toEqual([]);
    }
  });

  it("of FLUX.2's fused queries, keys and values give each its rows, and of the last norm the other half", () => {
    const tensors = stored("flux2");
    const className = "Flux2Transformer2DModel";
    const targets = targetsOf(className, tensors);
    const fused = targets.get(targetKey("double_blocks.0.txt_attn.qkv", "weight"))!;
    expect(fused.map(({ weight }) => weight.split(".").at(-2))).toEqual(["add_q_proj", "add_k_proj", "add_v_proj"]);
    const [norm] = targets.get(targetKey("final_layer.adaLN_modulation.1", "weight"))!;
    const half = norm!.shape[0]! / 2;
    expect(norm!.parts.map(({ from, count }) => [from, count])).toEqual([
      [half, half],
      [0, half],
    ]);
  });

  const clip = (className = "CLIPTextModel"): Model => ({
    className,
    tensors: {
      "text_model.encoder.layers.0.mlp.fc1.weight": ones(1, 1),
      ...(className === "CLIPTextModel" ? {} : { "text_projection.weight": ones(1, 1) }),
    },
  });
  const t5 = { className: "T5EncoderModel", tensors: { "encoder.block.0.layer.0.SelfAttention.q.weight": ones(1, 1) } };
  const qwen = { className: "Qwen3Model", tensors: { "layers.0.self_attn.q_proj.weight": ones(1, 1) } };
  const xl = {
    unet: unet(["a", ones(1, 1)]),
    text_encoder: clip(),
    text_encoder_2: clip("CLIPTextModelWithProjection"),
  };
  const sd3 = { ...xl, text_encoder_3: t5 };
  const flux = { unet: xl.unet, text_encoder: clip(), text_encoder_2: t5 };
  const layer = "text_model.encoder.layers.0.mlp.fc1";
  const flat = layer.replaceAll(".", "_");
  const attention = "encoder.block.0.layer.0.SelfAttention.q";

  it.each([
    [`clip_l.${layer}`, "text_encoder", xl],
    [`clip_g.${layer}`, "text_encoder_2", xl],
    [`text_encoders.clip_l.transformer.${layer}`, "text_encoder", xl],
    [`text_encoders.clip_g.${layer}`, "text_encoder_2", xl],
    [`lora_te2_${flat}`, "text_encoder_2", xl],
    ["lora_te2_text_projection", "text_encoder_2", xl],
    ["text_encoder_2.text_projection", "text_encoder_2", xl],
    [`lora_te_${flat}`, "text_encoder", { unet: xl.unet, text_encoder: clip() }],
    [`lora_te3_${attention.replaceAll(".", "_")}`, "text_encoder_3", sd3],
    [`t5.${attention}`, "text_encoder_3", sd3],
    [`text_encoders.t5xxl.transformer.${attention}`, "text_encoder_3", sd3],
    [`lora_te3_${attention.replaceAll(".", "_")}`, "text_encoder_2", flux],
    [`lora_te2_${attention.replaceAll(".", "_")}`, "text_encoder_2", flux],
    [`t5.${attention}`, "text_encoder_2", flux],
    [
      "text_encoders.qwen3_4b.transformer.model.layers.0.self_attn.q_proj",
      "text_encoder",
      { unet: xl.unet, text_encoder: qwen },
    ],
    ["lora_te_layers_0_self_attn_q_proj", "text_encoder", { unet: xl.unet, text_encoder: qwen }],
  ] as const)("%s of %s is known", (module, component, models) => {
    const applied = apply(models as Record<string, Model>, [[file(update(module, [1], 1)), 1]]);
    expect(applied.loras[0]!.matched, module).toEqual({ [component]: 1 });
    expect(loraWarnings(applied.loras)).toEqual([]);
  });

  it("are of no encoder in particular where several have them", () => {
    const tensors = { ...update(`text_encoders.${layer}`, [1], 1), ...update("unet.a", [1], 1) };
    expect(apply(xl, [[file(tensors), 1]]).loras[0]).toMatchObject({
      matched: { unet: 1 },
      unmatched: [expect.any(String)],
    });
    expect(apply(flux, [[file(tensors), 1]]).loras[0]!.matched).toEqual({ unet: 1, text_encoder: 1 });
  });

  it("of a projection that an encoder of tokens does not have are harmless", () => {
    const tensors = { ...update("clip_l.text_projection", [1], 1), ...update("unet.a", [1], 1) };
    expect(loraWarnings(apply(xl, [[file(tensors), 1]]).loras)).toEqual([]);
  });
});

describe("a LoRA of another family", () => {
  const sd15 = { className: "StableDiffusionPipeline", title: "Stable Diffusion 1.5, 2.1" };
  const model = {
    ...unet(["down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k", ones(1, 768)]),
    config: { cross_attention_dim: [768] },
  };
  const failure = (tensors: Record<string, StoredTensor>): string =>
    thrown(() => apply({ unet: model }, [[file(tensors), 1]], sd15));

  it.each([
    ["lora_unet_double_blocks_0_img_attn_proj", [1, 1], "FLUX.1"],
    ["transformer.single_transformer_blocks.0.proj_mlp", [1, 1], "FLUX.1"],
    ["lora_unet_single_blocks_0_linear1", [9, 1], "FLUX.2"],
    ["transformer.single_transformer_blocks.0.attn.to_qkv_mlp_proj", [1, 1], "FLUX.2"],
    ["diffusion_model.joint_blocks.0.x_block.attn.qkv", [3, 1], "Stable Diffusion 3"],
    ["transformer.transformer_blocks.0.attn.add_q_proj", [1, 1536], "Stable Diffusion 3"],
    ["transformer.transformer_blocks.0.img_mlp.net.2", [1, 1], "Qwen-Image"],
    ["diffusion_model.layers.0.attention.to_q", [1, 1], "Z-Image"],
    ["diffusion_model.layers.0.attention.qkv", [3, 2304], "Lumina 2"],
    ["transformer.blocks.0.cross_attn.kv_linear", [2, 1], "PixArt"],
    ["diffusion_model.blocks.0.self_attn.q", [1, 1], "Wan"],
    ["transformer.blocks.0.attn1.to_q", [1, 1], "Wan"],
    ["transformer.transformer_blocks.0.attn.to_q", [1, 3072], "FLUX.1 or Stable Diffusion 3 or Qwen-Image"],
    ["lora_unet_mid_block_attentions_0_transformer_blocks_3_attn1_to_q", [1, 1], "Stable Diffusion XL"],
    ["unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k", [1, 1024], "Stable Diffusion 2.1"],
    ["unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", [1, 2048], "Stable Diffusion XL"],
  ] as const)("%s [%s] is for %s", (module, [rows, columns], family) => {
    expect(failure(update(module, new Array<number>(rows).fill(1), columns))).toMatch(
      `${family}; this model is Stable Diffusion 1.5. Use a LoRA that was made for Stable Diffusion 1.5.`,
    );
  });

  it("is refused though some of its modules have names that this one has", () => {
    const block = "transformer.transformer_blocks.0.attn.to_q";
    const model = {
      transformer: {
        className: "SD3Transformer2DModel",
        tensors: { "transformer_blocks.0.attn.to_q.weight": ones(1, 1) },
      },
    };
    const tensors = {
      ...update(block, [1], 1),
      ...update("transformer.single_transformer_blocks.0.attn.to_q", [1], 1),
    };
    expect(thrown(() => apply(model, [[file(tensors), 1]], { title: "Stable Diffusion 3" }))).toMatch(
      /is for FLUX.1; this model is Stable Diffusion 3/,
    );
  });

  it("is refused though a text encoder that both have would take a part of it", () => {
    const clip = { className: "CLIPTextModel", tensors: { "text_model.encoder.layers.0.mlp.fc1.weight": ones(1, 1) } };
    const tensors = {
      ...update("lora_te1_text_model_encoder_layers_0_mlp_fc1", [1], 1),
      ...update("lora_unet_double_blocks_0_img_attn_proj", [1], 1),
    };
    expect(thrown(() => apply({ unet: model, text_encoder: clip }, [[file(tensors), 1]], sd15))).toMatch(
      /is for FLUX.1;/,
    );
  });

  it("is not asked for where it is of this one, or of none that is known", () => {
    const own = failure(update("unet.down_blocks.3.resnets.0.conv1", [1], 1));
    expect(own).toMatch(/is for Stable Diffusion 1.5, as this model is, but has nothing for it/);
    const unknown = failure(update("thing.0", [1], 1));
    expect(unknown).toMatch(/has a name that Skipstep knows for StableDiffusionPipeline/);
    for (const text of [own, unknown]) expect(text).not.toMatch(/Use a LoRA/);
  });
});

function stored(folder: string): Map<string, StoredTensor> {
  const entries = [...readSafetensors(join(golden, folder, "diffusion_pytorch_model.safetensors"))];
  return new Map(entries.map(([name, { dtype, shape, data }]) => [name, { dtype, shape, bytes: data }]));
}

function targetsOf(className: string, tensors: ReadonlyMap<string, StoredTensor>): ReturnType<typeof loraTargets> {
  const entries = [...tensors].map(([name, { shape, dtype }]) => ({
    name,
    shape,
    dtype,
    file: "",
    offset: 0,
    byteLength: 0,
  }));
  return loraTargets(fileOf(className), entries);
}
