import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Architecture } from "../src/architecture/architecture";
import { planGraph, type RegionPart } from "../src/compiler/plan";
import { croppedPositions } from "../src/families/blocks/cropped-positions";
import { sincosPositions } from "../src/families/blocks/sincos-positions";
import { dit } from "../src/families/dit/model";
import { pixart } from "../src/families/pixart/model";
import { type Sd3Config, sd3 } from "../src/families/sd3/model";
import { Graph } from "../src/graph/graph";
import { floats } from "../src/tensor";
import { Weights } from "../src/weights/checkpoint/weights";
import { buildGraph, readConfig } from "./build-graph";
import { memoryWeights, wave } from "./memory-weights";

const noPlugins = { weightLoad: () => undefined, attention: () => undefined };
const golden = join(import.meta.dirname, "../../../test/golden");

/** The region that a plugin gets for a run of scopes. */
function regionOf(graph: Graph, from: string, to = from): RegionPart {
  const claim = { plugin: "test", order: 0, region: { name: "", index: 0, from, to } };
  return planGraph(graph, [claim]).parts.find((part) => part.kind === "region")!;
}

function scopesOf({ parts }: RegionPart): string[] {
  return parts.flatMap((part) => (part.kind === "segment" ? part.segment.nodes.map(({ scope }) => scope) : []));
}

describe("denoising transformers as plugins see them", () => {
  const cases: [string, Architecture, string, number][] = [
    ["dit", dit, "attn1", 1],
    ["dit", dit, "ff", 1],
    ["pixart", pixart, "attn1", 1],
    ["pixart", pixart, "attn2", 1],
    ["pixart", pixart, "ff", 1],
    ["sd3", sd3, "attn", 2], // image and text
    ["sd3", sd3, "ff", 1],
    ["sd3", sd3, "ff_context", 1],
    ["sd35", sd3, "attn2", 1],
  ];

  it.each(cases)("%#: a branch of %s is one run of scopes that ends before the gate", (name, model, branch, count) => {
    const graph = buildGraph(model, "forward", join(golden, name));
    const scope = `transformer_blocks.1.${branch}`;
    const region = regionOf(graph, scope);
    expect(scopesOf(region).filter((other) => other !== scope && !other.startsWith(`${scope}.`))).toEqual([]);
    expect(region.outputs.map(({ value }) => value)).toHaveLength(count);
    for (const [i, { value }] of region.outputs.entries()) {
      expect([...graph.taps].find(([, tapped]) => tapped === value)?.[0]).toMatch(`${scope}.out`);
      const readers = graph.nodes.filter(({ inputs, scope: reader }) => inputs.includes(value) && reader !== scope);
      // Only PixArt's attention to the prompt has no gate.
      expect(
        readers.map(({ op }) => op),
        `output ${i}`,
      ).toEqual([branch === "attn2" && name === "pixart" ? "Add" : "Mul"]);
    }
  });

  it.each<[string, Architecture, string[], string[]]>([
    ["dit", dit, ["hidden"], ["hidden"]],
    ["pixart", pixart, ["hidden"], ["hidden"]],
    ["sd3", sd3, ["encoder", "hidden"], ["hidden"]],
    ["sd35", sd3, ["encoder", "hidden"], ["hidden"]],
  ])("all blocks of %s together return the image tokens and nothing else", (name, model, inside, last) => {
    const graph = buildGraph(model, "forward", join(golden, name));
    const { blocks, features, lists } = model.structure!(model.parse(readConfig(join(golden, name))));
    const own = inside.length === 1 ? ["picture-tokens"] : [];
    expect(features).toEqual(["block-list", "block-branches", ...own]);
    expect(lists).toEqual([{ name: "transformer_blocks", count: 4 }]);
    for (const block of blocks)
      expect(scopesOf(regionOf(graph, block)).filter((scope) => !`${scope}.`.startsWith(`${block}.`))).toEqual([]);
    const names = (region: RegionPart): string[] => region.outputs.map((port) => port.name).sort();
    expect(names(regionOf(graph, blocks[0]!, blocks[2]!))).toEqual(inside);
    expect(names(regionOf(graph, blocks[0]!, blocks[3]!))).toEqual(last);
  });
});

describe("positions", () => {
  it("turn with the column in the first half of a token, with the row in the second", () => {
    const config = { num_attention_heads: 1, attention_head_dim: 4, patch_size: 2, sample_size: 4 };
    const { shape, data } = sincosPositions(config, 3, 8); // one row, four columns as if they were two
    expect(shape).toEqual([1, 4, 4]);
    const steps = [0, 0.5, 1, 1.5].flatMap((column) => [Math.sin(column), Math.cos(column), 0, 1].map(Math.fround));
    expect([...data]).toEqual(steps);
    expect(sincosPositions({ ...config, interpolation_scale: 0.5 }, 3, 8).data[4]).toBe(Math.fround(Math.sin(1)));
  });

  const config = sd3.parse({
    ...{ num_attention_heads: 1, attention_head_dim: 2, caption_projection_dim: 2, pos_embed_max_size: 5 },
  }) as Sd3Config;
  const grid = Float32Array.from({ length: 50 }, (_, i) => Math.floor(i / 2));
  const weights = memoryWeights({ "pos_embed.pos_embed": floats([1, 25, 2], grid) });

  it("of a smaller image are the middle of the stored ones, the nearer to the start where there are two", () => {
    const { shape, data } = croppedPositions(config, weights, 5, 8); // 2 rows, 4 columns
    expect(shape).toEqual([1, 8, 2]);
    expect([...data].filter((_, i) => i % 2 === 0)).toEqual([5, 6, 7, 8, 10, 11, 12, 13]);
  });

  it("that are not stored are an error", () => {
    expect(() => croppedPositions(config, weights, 4, 12)).toThrow(
      expect.objectContaining({
        code: "SKIPSTEP_LATENTS_TOO_LARGE",
        message: expect.stringContaining(
          "Latents of 4 x 12 are larger than the model's positions, which reach 10 x 10",
        ),
      }),
    );
  });
});

describe("a checkpoint that does not fit its config.json", () => {
  it.each<[string, object, Architecture, string, string]>([
    [
      "dit",
      { num_layers: 5 },
      dit,
      "TENSOR_MISSING",
      "transformer_blocks.4.norm1.emb.timestep_embedder.linear_1.weight",
    ],
    ["dit", { norm_elementwise_affine: true }, dit, "TENSOR_MISSING", "transformer_blocks.0.norm3.weight"],
    [
      "dit",
      { num_embeds_ada_norm: 11 },
      dit,
      "TENSOR_SHAPE",
      "transformer_blocks.0.norm1.emb.class_embedder.embedding_table.weight",
    ],
    ["pixart", { norm_elementwise_affine: true }, pixart, "TENSOR_MISSING", "transformer_blocks.0.norm1.weight"],
    ["sd3", { qk_norm: "rms_norm" }, sd3, "TENSOR_MISSING", "transformer_blocks.0.attn.norm_added_q.weight"],
    ["sd3", { dual_attention_layers: [1] }, sd3, "TENSOR_SHAPE", "transformer_blocks.1.norm1.linear.weight"],
    ["sd3", { pos_embed_max_size: 17 }, sd3, "TENSOR_SHAPE", "pos_embed.pos_embed"],
  ])("%s with %o names the tensor", (name, options, model, code, tensor) => {
    const folder = join(golden, name);
    const weights = Weights.open(folder);
    const graph = Graph.create("transformer", weights, noPlugins);
    try {
      expect(() => model.entries.forward!(graph, model.parse({ ...readConfig(folder), ...options }))).toThrow(
        expect.objectContaining({ code: `SKIPSTEP_${code}`, message: expect.stringContaining(`"${tensor}"`) }),
      );
    } finally {
      weights.close();
    }
  });

  it("names positions that are missing", () => {
    const graph = Graph.create("transformer", memoryWeights({ other: wave([1], 1) }), noPlugins);
    expect(() => sd3.entries.forward!(graph, sd3.parse({}))).toThrow("pos_embed.pos_embed");
  });
});

describe("config.json", () => {
  it("fills in what sample_size implies", () => {
    const implied = (raw: object): unknown[] => {
      const { interpolation_scale, use_additional_conditions } = pixart.parse(raw);
      return [interpolation_scale, use_additional_conditions];
    };
    expect(implied({})).toEqual([2, true]);
    expect(implied({ sample_size: 64 })).toEqual([1, false]);
    expect(implied({ sample_size: 32 })).toEqual([1, false]);
    expect(implied({ sample_size: 256, interpolation_scale: 1.5 })).toEqual([1.5, false]);
    expect(implied({ use_additional_conditions: false })).toEqual([2, false]);
  });

  it.each<[string, Architecture, unknown, string]>([
    ["norm_type", dit, { norm_type: "layer_norm" }, '"norm_type" must be "ada_norm_zero", found "layer_norm"'],
    [
      "no classes",
      dit,
      { num_embeds_ada_norm: null },
      '"num_embeds_ada_norm" must be an integer from 1 to 1048576, found null',
    ],
    [
      "activation_fn",
      dit,
      { activation_fn: "relu" },
      '"activation_fn" must be one of "gelu", "gelu-approximate", "geglu", "geglu-approximate", "swiglu", "linear-silu"',
    ],
    ["norm_type", pixart, { norm_type: "ada_norm_zero" }, '"norm_type" must be "ada_norm_single"'],
    ["attention_type", pixart, { attention_type: "gated" }, '"attention_type" must be one of "default", null'],
    [
      "no prompt",
      pixart,
      { cross_attention_dim: null },
      '"cross_attention_dim" must be an integer from 1 to 1048576, found null',
    ],
    [
      "size conditions",
      pixart,
      { num_attention_heads: 2, attention_head_dim: 8 },
      '"use_additional_conditions" needs a width that 3 divides, found 16',
    ],
    [
      "captions of another width",
      pixart,
      { cross_attention_dim: 64, caption_channels: 32 },
      '"cross_attention_dim" must be the width 1152 with "caption_channels", found 64',
    ],
    ["qk_norm", sd3, { qk_norm: "l2" }, '"qk_norm" must be one of null, "rms_norm", "layer_norm", "fp32_layer_norm"'],
    [
      "caption_projection_dim",
      sd3,
      { num_attention_heads: 24 },
      '"caption_projection_dim" must be the width 1536, found 1152',
    ],
    [
      "no stored positions",
      sd3,
      { pos_embed_max_size: null },
      '"pos_embed_max_size" must be an integer from 1 to 16384, found null',
    ],
  ])("refuses: %s", (_name, architecture, raw, message) => {
    expect(() => architecture.parse(raw)).toThrow(
      expect.objectContaining({ code: "SKIPSTEP_MODEL_OPTION", message: expect.stringContaining(message) }),
    );
  });
});
