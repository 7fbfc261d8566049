import { expectClose } from "@skipstep/contract/graph";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClipState, clipSkipProblems } from "../src/families/encoders/clip-encoder";
import { clipTextWithProjection } from "../src/families/encoders/clip-text";
import { t5Encoder } from "../src/families/encoders/t5";
import { T5Encoder } from "../src/families/encoders/t5-encoder";
import { type ClipEncoding, ClipPrompts } from "../src/families/prompts/clip-prompts";
import { plainCaption } from "../src/families/transformers/plain-caption";
import type { FamilyParts } from "../src/loop/family";
import { Runtime } from "../src/runtime/runtime";
import { type Floats, floats } from "../src/tensor";
import { wave } from "./memory-weights";
import { openTextEncoder } from "./text-encoder-checkpoint";

const LONG = "a red heart ".repeat(9);
const [D, FF, P] = [8, 12, 6];

const clipConfig = {
  vocab_size: 925,
  hidden_size: D,
  intermediate_size: FF,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  max_position_embeddings: 16,
  eos_token_id: 924,
  projection_dim: P,
};

function clipShapes(): Record<string, readonly number[]> {
  const linear = (name: string, rows: number, columns: number) => ({
    [`${name}.weight`]: [rows, columns],
    [`${name}.bias`]: [rows],
  });
  const norm = (name: string) => ({ [`${name}.weight`]: [D], [`${name}.bias`]: [D] });
  const layer = (name: string) => ({
    ...norm(`${name}.layer_norm1`),
    ...norm(`${name}.layer_norm2`),
    ...Object.assign({}, ...["q", "k", "v", "out"].map((part) => linear(`${name}.self_attn.${part}_proj`, D, D))),
    ...linear(`${name}.mlp.fc1`, FF, D),
    ...linear(`${name}.mlp.fc2`, D, FF),
  });
  return {
    "text_model.embeddings.token_embedding.weight": [925, D],
    "text_model.embeddings.position_embedding.weight": [16, D],
    ...Object.assign({}, ...[0, 1, 2].map((i) => layer(`text_model.encoder.layers.${i}`))),
    ...norm("text_model.final_layer_norm"),
    "text_projection.weight": [P, D],
  };
}

const t5Config = { vocab_size: 500, d_model: D, d_kv: 4, d_ff: FF, num_layers: 2, num_heads: 3 };

function t5Shapes(): Record<string, readonly number[]> {
  const block = (name: string) => ({
    [`${name}.layer.0.layer_norm.weight`]: [D],
    ...Object.fromEntries(["q", "k", "v"].map((part) => [`${name}.layer.0.SelfAttention.${part}.weight`, [12, D]])),
    [`${name}.layer.0.SelfAttention.o.weight`]: [D, 12],
    [`${name}.layer.1.layer_norm.weight`]: [D],
    [`${name}.layer.1.DenseReluDense.wi.weight`]: [FF, D],
    [`${name}.layer.1.DenseReluDense.wo.weight`]: [D, FF],
  });
  return {
    "shared.weight": [500, D],
    ...block("encoder.block.0"),
    ...block("encoder.block.1"),
    "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight": [32, 3],
    "encoder.final_layer_norm.weight": [D],
  };
}

let runtime: Runtime;
beforeAll(async () => {
  runtime = await Runtime.start({ provider: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

/** The first `count` rows of the batch's first item. */
function firstRows({ shape, data }: Floats, count: number): Floats {
  return floats([count, shape[2]!], data.slice(0, count * shape[2]!));
}

describe("CLIP text encoders", () => {
  let parts: FamilyParts;
  beforeAll(async () => {
    parts = await openTextEncoder(runtime, clipTextWithProjection, clipConfig, clipShapes(), "clip");
  });

  it("fills every prompt up to the model's length, and tells of those that it cut", async () => {
    const { hidden, pooled, warnings } = await (await clip("last"))(["a cat", LONG]);
    expect(hidden.shape).toEqual([2, 16, D]);
    expect(pooled.shape).toEqual([2, P]);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The prompt "a red heart .{28}…" has \d+ tokens, .* there is room for 16\. The rest was cut\.$/,
      ),
    ]);
  });

  it("skips layers as diffusers does: the last state is normalized, the penultimate is not", async () => {
    const last = await clip("last");
    const penultimate = await clip("penultimate");
    const states = [];
    for (const clipSkip of [0, 1, 2]) {
      const plain = await penultimate(["a cat"], clipSkip);
      const skipped = await last(["a cat"], clipSkip + 1);
      expectClose(`clip_skip ${clipSkip}`, skipped.hidden, layerNorm(plain.hidden));
      expect(skipped.pooled).toEqual(plain.pooled); // the whole model's in any case
      states.push(plain.hidden.data.join());
    }
    expect(new Set(states).size).toBe(3);
    expect((await last(["a cat"])).hidden).toEqual((await last(["a cat"], 0)).hidden);
  });

  it("gives each prompt of a batch what it gets alone", async () => {
    const encode = await clip("last");
    const { hidden, pooled } = await encode(["a cat", "", "a cat"]);
    for (const [i, prompt] of ["a cat", "", "a cat"].entries()) {
      const alone = await encode([prompt]);
      expectClose("hidden", floats([1, 16, D], hidden.data.slice(i * 16 * D, (i + 1) * 16 * D)), alone.hidden);
      expectClose("pooled", floats([1, P], pooled.data.slice(i * P, (i + 1) * P)), alone.pooled);
    }
  });

  it("says how many layers can be skipped", () => {
    const { text_encoder } = parts.configs;
    const problems = (clipSkip: number, state: "last" | "penultimate") =>
      clipSkipProblems({ text_encoder, other: text_encoder }, clipSkip, ["text_encoder", "other"], state);
    expect(problems(3, "last")).toEqual([]);
    expect(problems(2, "penultimate")).toEqual([]);
    const text = "must be a whole number from 0 to 3 for this text encoder, found 4";
    expect(problems(4, "last")).toEqual([{ key: "clip_skip", text }]);
    expect(problems(3, "penultimate")[0]!.text).toContain("from 0 to 2");
    expect(problems(-1, "last")[0]!.text).toContain("found -1");
  });

  it("stops when it is cancelled", async () => {
    await expect((await clip("last"))(["a"], 0, AbortSignal.abort())).rejects.toMatchObject({
      code: "SKIPSTEP_CANCELLED",
    });
  });

  /** Prompts as they are. */
  async function clip(state: ClipState) {
    const prompts = await ClipPrompts.open(parts, ["text_encoder"], state);
    return async (texts: readonly string[], clipSkip = 0, signal?: AbortSignal): Promise<ClipEncoding> => {
      const rules = { weighting: "none", isChunked: false } as const;
      const [[encoding]] = (await prompts.encode([{ texts: [texts], clipSkip }], rules, signal)) as [[ClipEncoding]];
      return encoding;
    };
  }

  /** With the weights that the checkpoint has for the final norm. */
  function layerNorm(x: Floats): Floats {
    const names = Object.keys(clipShapes());
    const scale = wave([D], names.indexOf("text_model.final_layer_norm.weight")).data.map((value) => 1 + value / 4);
    const shift = wave([D], names.indexOf("text_model.final_layer_norm.bias")).data.map((value) => value / 2);
    const normal = floats(x.shape);
    for (let row = 0; row < x.data.length; row += D) {
      const values = [...x.data.subarray(row, row + D)];
      const mean = values.reduce((a, b) => a + b) / D;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / D + 1e-5);
      for (const [i, value] of values.entries())
        normal.data[row + i] = ((value - mean) / deviation) * scale[i]! + shift[i]!;
    }
    return normal;
  }
});

describe("T5Encoder", () => {
  let encoder: T5Encoder;
  beforeAll(async () => {
    const parts = await openTextEncoder(runtime, t5Encoder, t5Config, t5Shapes(), "t5");
    encoder = await T5Encoder.open(parts, "text_encoder");
  });

  it("fills every prompt up to the limit, and tells of those that it cut", async () => {
    const { hidden, mask, warnings } = await encoder.encode(["", LONG], { limit: 20, masked: false });
    expect(hidden.shape).toEqual([2, 20, D]);
    expect(mask).toEqual({
      dtype: "int32",
      shape: [2, 20],
      data: Int32Array.from({ length: 40 }, (_, i) => (i === 0 || i >= 20 ? 1 : 0)),
    });
    expect(warnings).toEqual([expect.stringContaining("there is room for 20")]);
  });

  it("sees padding only without a mask", async () => {
    const encode = (limit: number, masked: boolean) => encoder.encode(["a red heart"], { limit, masked });
    const [short, long] = [await encode(12, true), await encode(30, true)];
    const tokens = short.mask.data.reduce((a, b) => a + b);
    expect(tokens).toBeLessThan(12);
    expectClose("masked", firstRows(long.hidden, tokens), firstRows(short.hidden, tokens));
    const unmasked = firstRows((await encode(30, false)).hidden, tokens);
    expect(() => expectClose("unmasked", unmasked, firstRows(short.hidden, tokens))).toThrow("unmasked");
  });
});

describe("plainCaption", () => {
  it("strips what Python strips", () => {
    expect(plainCaption(" \n\x1f\x85A  Red ΣΑΣ İ\u3000\x1c")).toBe("a  red σας i̇");
    expect(plainCaption("\ufeffA\u200b")).toBe("\ufeffa\u200b");
  });
});
