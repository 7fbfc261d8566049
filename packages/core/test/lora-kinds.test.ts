import { describe, expect, it } from "vitest";
import { loraWarnings } from "../src/start/apply-loras";
import { apply, file, fileWithMetadata, type Model, matrix, ones, tensor, unet, values } from "./apply-lora";
import { type StoredTensor, thrown } from "./checkpoint-files";

/** What is added to a weight of zeros. @param shape of the weight */
function added(shape: readonly number[], tensors: Readonly<Record<string, StoredTensor>>, scale = 1): number[] {
  const zeros = tensor(shape, ...new Array<number>(shape.reduce((product, dim) => product * dim, 1)).fill(0));
  const applied = apply({ unet: unet(["a", zeros]) }, [[file(named(tensors)), scale]]);
  expect(loraWarnings(applied.loras)).toEqual([]);
  return values(applied, "unet", "a.weight").map((value) => Math.round(value * 1e4) / 1e4);
}

/** Tensors of module `a`. */
function named(tensors: Readonly<Record<string, StoredTensor>>): Record<string, StoredTensor> {
  return Object.fromEntries(Object.entries(tensors).map(([role, value]) => [`lora_unet_a.${role}`, value]));
}

const alpha = (value: number): StoredTensor => tensor([], value);

describe("LoHa", () => {
  const half = { hada_w1_a: tensor([2, 1], 1, 2), hada_w1_b: tensor([1, 3], 1, 2, 3) }; // [1, 2, 3], [2, 4, 6]
  const other = { hada_w2_a: tensor([2, 1], 1, -1), hada_w2_b: tensor([1, 3], 1, 0, 2) }; // [1, 0, 2], [-1, 0, -2]

  it("is two products multiplied element by element, times alpha / rank", () => {
    expect(added([2, 3], { ...half, ...other, alpha: alpha(3) }, 2)).toEqual([6, 0, 36, -12, 0, -72]);
  });

  it("of convolutions has all inputs and pixels in a row, or kernels in the middle", () => {
    expect(added([2, 1, 1, 3], { ...half, ...other })).toEqual([1, 0, 6, -2, 0, -12]);
    const cores = { hada_t1: tensor([1, 1, 1, 3], 1, 2, 3), hada_t2: tensor([1, 1, 1, 3], 1, 0, 2) };
    const small = {
      hada_w1_a: tensor([1, 2], 1, 2),
      hada_w1_b: ones(1, 1),
      hada_w2_a: tensor([1, 2], 1, -1),
      hada_w2_b: ones(1, 1),
    };
    expect(added([2, 1, 1, 3], { ...small, ...cores })).toEqual([1, 0, 6, -2, 0, -12]);
  });
});

describe("LoKr", () => {
  const first = { lokr_w1: tensor([2, 2], 1, 2, 3, 4) };
  const product = { lokr_w2_a: tensor([2, 1], 1, 10), lokr_w2_b: tensor([1, 2], 1, 2) }; // [1, 2], [10, 20]
  const expected = [1, 2, 2, 4, 10, 20, 20, 40, 3, 6, 4, 8, 30, 60, 40, 80];

  it("is a Kronecker product, and alpha says nothing where both matrices are whole", () => {
    const second = { lokr_w2: tensor([2, 2], 1, 2, 10, 20) };
    for (const value of [1, 1e31, Number.NaN])
      expect(added([4, 4], { ...first, ...second, alpha: alpha(value) })).toEqual(expected);
  });

  it("of products is multiplied with alpha / rank once", () => {
    const half = expected.map((value) => value / 2);
    expect(added([4, 4], { ...first, ...product, alpha: alpha(0.5) })).toEqual(half);
    const pair = { lokr_w1_a: tensor([2, 2], 1, 0, 0, 1), lokr_w1_b: tensor([2, 2], 1, 2, 3, 4) };
    expect(added([4, 4], { ...pair, lokr_w2: tensor([2, 2], 1, 2, 10, 20), alpha: alpha(1) })).toEqual(half);
  });

  it("of convolutions has kernels in the second matrix, whole, in rows or in the middle", () => {
    const kernel = [1, 2, 10, 20]; // [k = 2, n = 1, 1, 2]
    const result = added([4, 2, 1, 2], { ...first, lokr_w2: tensor([2, 1, 1, 2], ...kernel) });
    expect(result).toEqual(expected);
    expect(added([4, 2, 1, 2], { ...first, ...product })).toEqual(expected);
    const core = { lokr_t2: tensor([1, 1, 1, 2], 1, 2), lokr_w2_a: tensor([1, 2], 1, 10), lokr_w2_b: ones(1, 1) };
    expect(added([4, 2, 1, 2], { ...first, ...core })).toEqual(expected);
  });

  it("of PEFT's is multiplied with its setting's alpha / r, whole or not", () => {
    const tensors = { "unet.a.lokr_w1": tensor([1, 1], 2), "unet.a.lokr_w2": tensor([1, 1], 3) };
    const settings = { "unet.peft_type": "LOKR", "unet.r": 4, "unet.alpha": 2 };
    const applied = apply({ unet: unet(["a", ones(1, 1)]) }, [[fileWithMetadata(tensors, settings), 1]]);
    expect(values(applied, "unet", "a.weight")).toEqual([1 + 3]);
  });

  it("of fused queries, keys and values gives each its rows", () => {
    const names = ["to_q", "to_k", "to_v"].map((name) => `layers.0.attention.${name}.weight`);
    const model = {
      className: "ZImageTransformer2DModel",
      tensors: Object.fromEntries(names.map((name) => [name, ones(1, 2)])),
    };
    const lora = file({
      "diffusion_model.layers.0.attention.qkv.lokr_w1": tensor([3, 1], 1, 2, 3),
      "diffusion_model.layers.0.attention.qkv.lokr_w2": tensor([1, 2], 10, 20),
    });
    const applied = apply({ transformer: model }, [[lora, 1]]);
    expect(names.map((name) => values(applied, "transformer", name))).toEqual([
      [11, 21],
      [21, 41],
      [31, 61],
    ]);
  });
});

describe("DoRA", () => {
  const model = unet(["a", tensor([2, 2], 3, 0, 0, 1)]);
  const lora = { "lora_down.weight": tensor([1, 2], 0, 1), "lora_up.weight": tensor([2, 1], 4, 0) }; // [3, 4], [0, 1]
  const drawn = (tensors: Record<string, StoredTensor>, ...scales: number[]): number[] =>
    values(
      apply(
        { unet: model },
        scales.map((scale) => [file(named(tensors)), scale]),
      ),
      "unet",
      "a.weight",
    );

  it("gives each row of the changed weight a length; the scale is not of the length", () => {
    const dora = { ...lora, dora_scale: tensor([2, 1], 10, 2) };
    expect(drawn(dora, 1)).toEqual([6, 8, 0, 2]);
    expect(drawn(dora, 0)).toEqual([10, 0, 0, 2]);
  });

  it("of kohya's may give each column one", () => {
    // Columns of [3, 4], [0, 1] have the lengths 3 and sqrt(17).
    const result = drawn({ ...lora, dora_scale: tensor([1, 2], 6, Math.sqrt(17)) }, 1);
    expect(result.map((value) => Math.round(value * 1e5) / 1e5)).toEqual([6, 4, 0, 1]);
  });

  it("beside another LoRA is of the weight as it was", () => {
    const dora = { ...lora, dora_scale: tensor([2, 1], 10, 2) };
    expect(drawn(dora, 1, 1)).toEqual([6 + 3, 8 + 8, 0, 2 + 1]);
  });

  it("of PEFT's convolutions has its numbers in the second axis", () => {
    const tensors = {
      "unet.a.lora_A.weight": tensor([1, 1, 1, 2], 0, 1),
      "unet.a.lora_B.weight": tensor([2, 1, 1, 1], 4, 0),
      "unet.a.lora_magnitude_vector": tensor([1, 2, 1, 1], 10, 2),
    };
    const conv = unet(["a", tensor([2, 1, 1, 2], 3, 0, 0, 1)]);
    expect(values(apply({ unet: conv }, [[file(tensors), 1]]), "unet", "a.weight")).toEqual([6, 8, 0, 2]);
  });

  it("without its numbers, or with others than rows, is an error", () => {
    const named_ = fileWithMetadata(
      { "unet.a.lora_A.weight": ones(1, 2), "unet.a.lora_B.weight": ones(2, 1) },
      { "unet.use_dora": true },
    );
    expect(thrown(() => apply({ unet: model }, [[named_, 1]]))).toMatch(
      /_LORA_INVALID: .* use_dora, and no lora_magnitude/,
    );
    const wrong = file(named({ ...lora, dora_scale: ones(3, 1) }));
    expect(thrown(() => apply({ unet: model }, [[wrong, 1]]))).toMatch(/_LORA_INVALID: .*dora_scale" with 3 numbers/);
    const alone = file(named({ dora_scale: ones(2, 1) }));
    expect(thrown(() => apply({ unet: model }, [[alone, 1]]))).toMatch(/_LORA_INVALID: .*dora_scale" without all/);
  });
});

describe("whole tensors", () => {
  const model: Model = {
    className: "UNet2DConditionModel",
    tensors: {
      "a.weight": tensor([2, 1], 1, 2),
      "a.bias": tensor([2], 5, 6),
      "n.weight": tensor([2], 1, 1),
      "n.bias": ones(2),
    },
  };
  const all = (path: string, scale = 1): number[][] => {
    const applied = apply({ unet: model }, [[path, scale]]);
    expect(loraWarnings(applied.loras)).toEqual([]);
    return ["a.weight", "a.bias", "n.weight", "n.bias"].map((name) => values(applied, "unet", name));
  };

  it("are added, to biases and norms as well", () => {
    const path = file({
      "diffusion_model.a.diff": tensor([2, 1], 10, 20),
      "diffusion_model.a.diff_b": tensor([2], 1, 2),
      "diffusion_model.n.w_norm": tensor([2], 3, 4),
      "diffusion_model.n.b_norm": tensor([2], 5, 6),
    });
    expect(all(path, 0.5)).toEqual([
      [6, 12],
      [5.5, 7],
      [2.5, 3],
      [3.5, 4],
    ]);
  });

  it("take the place of the weight where they are said to, whatever the scale", () => {
    const path = file({ "diffusion_model.a.set_weight": tensor([2, 1], 10, 20) });
    expect(all(path, 0.5)[0]).toEqual([10, 20]);
    const settings = { "unet.modules_to_save": ["n"], "unet.bias": "all" };
    const saved = fileWithMetadata({ "unet.n.weight": tensor([2], 7, 8), "unet.a.bias": tensor([2], 9, 9) }, settings);
    expect(all(saved)).toEqual([
      [1, 2],
      [9, 9],
      [7, 8],
      [1, 1],
    ]);
  });

  it("that are biases of a LoRA have its factor", () => {
    const path = file({
      "unet.a.lora_A.weight": ones(2, 1),
      "unet.a.lora_B.weight": tensor([2, 2], 1, 1, 0, 0),
      "unet.a.lora_B.bias": tensor([2], 2, 4),
      "unet.a.alpha": tensor([1], 1),
    });
    expect(all(path).slice(0, 2)).toEqual([
      [2, 2],
      [6, 8],
    ]);
  });

  it("that are norms take the place of FLUX.1's, under its authors' names", () => {
    const flux: Model = {
      className: "FluxTransformer2DModel",
      tensors: { "transformer_blocks.0.attn.norm_q.weight": ones(2), "x_embedder.weight": ones(1, 2) },
    };
    const norm = { "double_blocks.0.img_attn.norm.query_norm.scale": tensor([2], 3, 4) };
    const applied = apply({ transformer: flux }, [[file(norm), 0.5]]);
    expect(values(applied, "transformer", "transformer_blocks.0.attn.norm_q.weight")).toEqual([3, 4]);
    const control = { "img_in.lora_A.weight": ones(1, 4), "img_in.lora_B.weight": ones(1, 1) };
    expect(thrown(() => apply({ transformer: flux }, [[file(control), 1]]))).toMatch(
      /_KIND: .* is a control LoRA, whose/,
    );
  });

  it("that nobody says to be trained are named, and not used", () => {
    const path = file({
      ...named({ "lora_down.weight": ones(1, 1), "lora_up.weight": ones(2, 1) }),
      "unet.n.weight": ones(2),
    });
    const applied = apply({ unet: model }, [[path, 1]]);
    expect(values(applied, "unet", "n.weight")).toEqual([1, 1]);
    expect(loraWarnings(applied.loras)).toEqual([expect.stringMatching(/nothing is there for unet\.n\.weight,/)]);
  });
});

describe("a file", () => {
  const down = "unet.mid.to_q.lora_A.weight";
  const up = "unet.mid.to_q.lora_B.weight";
  const failure = (tensors: Readonly<Record<string, StoredTensor>>): string =>
    thrown(() => values(apply({ unet: matrix }, [[file(tensors), 1]]), "unet", "mid.to_q.weight"));

  it.each([
    [{ [down]: ones(1, 3) }, /_INVALID: .* has "unet.mid.to_q.lora_A.weight" without all/],
    [{ "unet.mid.to_q.hada_w1_a": ones(2, 1) }, /_INVALID: .* has "unet.mid.to_q.hada_w1_a" without all/],
    [{ "unet.mid.to_q.lokr_w1": ones(2, 1) }, /_INVALID: .* has "unet.mid.to_q.lokr_w1" without all/],
    [
      { "unet.mid.to_q.lokr_w1": ones(2, 1), "unet.mid.to_q.lokr_w2": ones(1, 2) },
      /_SHAPE: .*must be \[2, 3\].*found \[2, 2\]/,
    ],
    [
      { [down]: ones(1, 3), [up]: ones(2, 1), "unet.mid.to_q.diff": ones(2, 3) },
      /_INVALID: .*lora_A.*and.*diff" for one weight/,
    ],
    [
      { [down]: ones(1, 3), [up]: tensor([2, 1], 1, Number.NaN) },
      /_INVALID: .* has values in "unet.mid.to_q.lora_B.weight"/,
    ],
    [
      { [down]: ones(1, 3), [up]: ones(2, 1), "unet.mid.to_q.alpha": ones(2) },
      /_INVALID: .* an alpha for "mid.to_q" that is no number/,
    ],
    [{ [down]: ones(1, 3), [up]: ones(2, 1), "unet.mid.to_q.alpha": tensor([], Number.NaN) }, /_INVALID: .* an alpha/],
    [
      { [down]: { dtype: "int8", shape: [1, 3], bytes: new Int8Array(3) }, [up]: ones(2, 1) },
      /_INVALID: .*lora_A.weight" as int8, and no scale/,
    ],
    [
      {
        [down]: { dtype: "float8_e4m3fn", shape: [1, 3], bytes: new Uint8Array(3) },
        [up]: ones(2, 1),
        "unet.mid.to_q.lora_A.scale": ones(1),
      },
      /_INVALID: .*lora_A.weight" as float8_e4m3fn and "unet.mid.to_q.lora_A.scale"/,
    ],
    [{ "unet.mid.to_q.oft_blocks": ones(1) }, /_KIND: .* is an OFT, by its "unet.mid.to_q.oft_blocks"/],
    [{ "unet.mid.to_q.a1.weight": ones(1) }, /_KIND: .* is a GLoRA/],
    [{ "double_blocks.0.processor.ip_adapter_double_stream_k_proj.weight": ones(1) }, /_KIND: .* is an IP-Adapter/],
    [{ emb_params: ones(1) }, /_KIND: .* is a textual inversion/],
  ] satisfies [Record<string, StoredTensor>, RegExp][])(
    "%# that cannot be understood is an error",
    (tensors, expected) => {
      expect(failure(tensors)).toMatch(expected);
    },
  );

  it("of which one module alone has no alpha is drawn as its rank says, and says so", () => {
    const module = (name: string): Record<string, StoredTensor> => ({
      [`lora_unet_${name}.lora_down.weight`]: ones(1, 1),
      [`lora_unet_${name}.lora_up.weight`]: ones(1, 1),
    });
    const model = unet(["a", ones(1, 1)], ["b", ones(1, 1)]);
    const tensors = { ...module("a"), ...module("b"), "lora_unet_a.alpha": tensor([], 3) };
    const applied = apply({ unet: model }, [[file(tensors), 1]]);
    expect(["a.weight", "b.weight"].map((name) => values(applied, "unet", name)[0])).toEqual([4, 2]);
    expect(loraWarnings(applied.loras)).toEqual([
      expect.stringMatching(
        /1 of its modules have an alpha, and 1 have none: of "lora_unet_b.lora_down.weight", the rank/,
      ),
    ]);
  });

  it("of which one module alone has no length of DoRA says so", () => {
    const module = (name: string): Record<string, StoredTensor> => ({
      [`unet.${name}.lora_A.weight`]: ones(1, 1),
      [`unet.${name}.lora_B.weight`]: ones(1, 1),
    });
    const model = unet(["a", ones(1, 1)], ["b", ones(1, 1)]);
    const tensors = { ...module("a"), ...module("b"), "unet.a.lora_magnitude_vector": tensor([1], 5) };
    const applied = apply({ unet: model }, [[file(tensors), 1]]);
    expect(["a.weight", "b.weight"].map((name) => values(applied, "unet", name)[0])).toEqual([5, 2]);
    expect(loraWarnings(applied.loras)).toEqual([
      expect.stringMatching(
        /1 of its modules have lengths of DoRA, and 1 have none: of "unet.b.lora_A.weight", they were/,
      ),
    ]);
  });

  it("with an alpha of nothing, or an embedding, is used without them and says so", () => {
    const tensors = { [down]: ones(1, 3), [up]: ones(2, 1), "unet.x.alpha": ones(1), "bundle_emb.cat.clip_l": ones(1) };
    const applied = apply({ unet: matrix }, [[file(tensors), 1]]);
    expect(values(applied, "unet", "mid.to_q.weight")).toEqual([2, 3, 4, 5, 6, 7]);
    expect(loraWarnings(applied.loras)).toEqual([
      expect.stringMatching(/brings a textual inversion, which is not used: bundle_emb.cat.clip_l/),
      expect.stringMatching(/nothing is there for unet.x.alpha,/),
    ]);
  });
});
