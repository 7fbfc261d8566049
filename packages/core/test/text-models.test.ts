import { expectClose } from "@skipstep/contract/graph";
import { describe, expect, it } from "vitest";
import type { Architecture } from "../src/architecture/architecture";
import { bucketOf } from "../src/families/blocks/relative-position";
import { clipText, clipTextWithProjection } from "../src/families/encoders/clip-text";
import { t5Encoder } from "../src/families/encoders/t5";
import { size } from "../src/graph/dim";
import { Graph } from "../src/graph/graph";
import { attention } from "../src/graph/layers";
import type { Tensor } from "../src/tensor";
import { memoryWeights, wave } from "./memory-weights";
import { runGraph } from "./run-graph";

/** What an attention is given beside queries, keys and values. */
interface Given {
  readonly causal?: boolean;
  readonly keyMask?: boolean;
  readonly bias?: boolean;
  readonly scale?: number;
}

describe("attention kernels", () => {
  const [heads, width] = [2, 16];

  it.each<[string, number, Given]>([
    ["causal", 77, { causal: true }],
    ["causal, long", 300, { causal: true }],
    ["causal with padding", 40, { causal: true, keyMask: true }],
    ["bias, not scaled", 77, { bias: true, scale: 1 }],
    ["bias with padding, not scaled", 300, { bias: true, scale: 1, keyMask: true }],
  ])("%s, %i tokens", async (_name, tokens, { causal = false, keyMask = false, bias = false, scale }) => {
    const g = Graph.create("test", memoryWeights({}), { weightLoad: () => undefined, attention: () => undefined });
    const [batch, length] = [size("B"), size("T")];
    const output = attention(g, {
      kind: "self",
      query: g.input("q", [batch, length, width]),
      key: g.input("k", [batch, length, width]),
      value: g.input("v", [batch, length, width]),
      heads,
      causal,
      ...(scale === undefined ? {} : { scale }),
      ...(keyMask ? { keyMask: g.input("mask", [batch, length], "int32") } : {}),
      ...(bias ? { bias: g.input("bias", [1, heads, length, length]) } : {}),
    });
    g.output("y", output);

    const inputs = Object.fromEntries(["q", "k", "v"].map((name, i) => [name, wave([2, tokens, width], i + 1)]));
    const visible = Int32Array.from({ length: 2 * tokens }, (_, i) => (i < tokens || (i - tokens) % 3 < 2 ? 1 : 0));
    const biases = wave([1, heads, tokens, tokens], 4);
    const { y } = await runGraph(g, {
      ...inputs,
      ...(keyMask ? { mask: { dtype: "int32", shape: [2, tokens], data: visible } } : {}),
      ...(bias ? { bias: biases } : {}),
    });
    const sees = (item: number, i: number, j: number): boolean =>
      (!causal || j <= i) && (!keyMask || visible[item * tokens + j] === 1);
    const expected = plainAttention(
      inputs,
      heads,
      scale ?? 1 / Math.sqrt(width / heads),
      sees,
      bias ? biases.data : undefined,
    );
    expectClose("y", y!, expected);
  });
});

/** The formula of https://arxiv.org/abs/1706.03762, number by number. */
function plainAttention(
  { q, k, v }: Readonly<Record<string, Tensor<Float32Array>>>,
  heads: number,
  scale: number,
  sees: (item: number, query: number, key: number) => boolean,
  bias?: Float32Array,
): Tensor<Float32Array> {
  const [batch, tokens, width] = q!.shape as [number, number, number];
  const size = width / heads;
  const y = new Float32Array(batch * tokens * width);
  for (let item = 0; item < batch; item++)
    for (let head = 0; head < heads; head++)
      for (let i = 0; i < tokens; i++) {
        const at = (token: number): number => (item * tokens + token) * width + head * size;
        const weights = Array.from({ length: tokens }, (_, j) => {
          if (!sees(item, i, j)) return 0;
          let score = bias?.[(head * tokens + i) * tokens + j] ?? 0;
          for (let d = 0; d < size; d++) score += q!.data[at(i) + d]! * k!.data[at(j) + d]! * scale;
          return Math.exp(score);
        });
        const sum = weights.reduce((a, b) => a + b);
        for (const [j, weight] of weights.entries())
          for (let d = 0; d < size; d++) y[at(i) + d]! += (weight / sum) * v!.data[at(j) + d]!;
      }
  return { dtype: "float32", shape: q!.shape, data: y };
}

describe("relative positions", () => {
  /** The distances at which a new bucket begins, in the reference. */
  it.each([
    [32, 128, [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91]],
    [33, 100, [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 16, 21, 29, 39, 54, 73]],
    [12, 20, [0, 1, 2, 3, 6, 11]],
    [18, 128, [0, 1, 2, 3, 4, 8, 16, 32, 64]], // in float64, 8 would be in the bucket of 7
  ])("%i buckets up to %i", (buckets, maxDistance, starts) => {
    const half = Math.floor(buckets / 2);
    for (let distance = 1; distance <= maxDistance; distance++) {
      const bucket = starts.findLastIndex((start) => start <= distance);
      expect([distance, bucketOf(-distance, buckets, maxDistance)]).toEqual([distance, bucket]);
      expect([distance, bucketOf(distance, buckets, maxDistance)]).toEqual([distance, half + bucket]);
    }
    expect(bucketOf(0, buckets, maxDistance)).toBe(0);
  });
});

describe("config.json of text encoders", () => {
  it("reads a CLIP file of the hub", () => {
    const file = {
      _name_or_path: "openai/clip-vit-large-patch14",
      architectures: ["CLIPTextModel"],
      attention_dropout: 0,
      bos_token_id: 0,
      dropout: 0,
      eos_token_id: 2,
      hidden_act: "quick_gelu",
      hidden_size: 768,
      initializer_factor: 1,
      initializer_range: 0.02,
      intermediate_size: 3072,
      layer_norm_eps: 1e-5,
      max_position_embeddings: 77,
      model_type: "clip_text_model",
      num_attention_heads: 12,
      num_hidden_layers: 12,
      pad_token_id: 1,
      projection_dim: 768,
      torch_dtype: "float32",
      transformers_version: "4.22.0.dev0",
      vocab_size: 49408,
    };
    const plain = {
      vocab_size: 49408,
      hidden_size: 768,
      intermediate_size: 3072,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      max_position_embeddings: 77,
      hidden_act: "quick_gelu",
      layer_norm_eps: 1e-5,
      eos_token_id: 2,
      use_attention_mask: false,
    };
    expect(clipText.parse(file)).toEqual(plain);
    expect(clipTextWithProjection.parse(file)).toEqual({ ...plain, projection_dim: 768 });
  });

  it.each([
    [{}, "relu", false],
    [{ feed_forward_proj: "gated-gelu" }, "gelu_new", true],
    [{ feed_forward_proj: "gelu" }, "gelu", false],
    [{ feed_forward_proj: "gated-silu", output_past: true, n_positions: 512 }, "silu", true],
    [{ feed_forward_proj: "gated-gelu", dense_act_fn: "gelu", is_gated_act: false }, "gelu", false],
  ])("reads T5's feed forward from %j", (file, dense_act_fn, is_gated_act) => {
    expect(t5Encoder.parse(file)).toMatchObject({ dense_act_fn, is_gated_act });
  });

  it.each<[string, Architecture, unknown, string]>([
    ["activation", clipText, { hidden_act: "mish" }, '"hidden_act" must be one of "gelu", "gelu_new",'],
    [
      "heads",
      clipText,
      { hidden_size: 30, num_attention_heads: 4 },
      '"hidden_size" must be a multiple of 4 heads, found 30',
    ],
    ["padding mask", clipText, { use_attention_mask: true }, '"use_attention_mask" must be false, found true'],
    ["end tokens", clipTextWithProjection, { eos_token_id: [1, 2] }, '"eos_token_id" must be an integer, found [1,2]'],
    [
      "no projection",
      clipTextWithProjection,
      { projection_dim: null },
      '"projection_dim" must be an integer from 1 to 1048576, found null',
    ],
    ["decoder", t5Encoder, { is_decoder: true }, '"is_decoder" must be false, found true'],
    [
      "feed forward",
      t5Encoder,
      { feed_forward_proj: "gated-tanh" },
      '"feed_forward_proj" must be one of "gelu", "gated-gelu",',
    ],
    [
      "few buckets",
      t5Encoder,
      { relative_attention_num_buckets: 3 },
      '"relative_attention_num_buckets" must be an integer from 4 to 16384, found 3',
    ],
    [
      "near distance",
      t5Encoder,
      { relative_attention_max_distance: 8 },
      '"relative_attention_max_distance" must be more than a quarter of 32 buckets, found 8',
    ],
  ])("refuses: %s", (_name, architecture, raw, message) => {
    expect(() => architecture.parse(raw)).toThrow(
      expect.objectContaining({ code: "SKIPSTEP_MODEL_OPTION", message: expect.stringContaining(message) }),
    );
  });
});
