import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Architecture } from "../src/architecture/architecture";
import type { UNetLayer, UNetStructure } from "../src/architecture/structure";
import { planGraph, type RegionPart } from "../src/compiler/plan";
import { unet2DCondition } from "../src/families/unet/unet-2d-condition";
import { Graph } from "../src/graph/graph";
import { Weights } from "../src/weights/checkpoint/weights";
import { buildGraph, readConfig } from "./build-graph";

const golden = join(import.meta.dirname, "../../../test/golden");
const three = { block_out_channels: [32, 32, 32], down_block_types: new Array<string>(3).fill("CrossAttnDownBlock2D") };
const small = { ...three, up_block_types: new Array<string>(3).fill("CrossAttnUpBlock2D") };

describe("config.json of a U-Net", () => {
  it("takes one value for all levels or one a level", () => {
    const one = unet2DCondition.parse({ ...small, attention_head_dim: 4, transformer_layers_per_block: 2 });
    expect(one).toMatchObject({
      heads: [4, 4, 4],
      layers_per_block: [2, 2, 2],
      only_cross_attention: [false, false, false],
      cross_attention_dim: 1280,
      depths: { down: new Array(3).fill([2, 2]), middle: 2, up: new Array(3).fill([2, 2, 2]) },
    });
    const each = {
      attention_head_dim: [1, 2, 4],
      layers_per_block: [1, 2, 1],
      transformer_layers_per_block: [1, 2, 3],
    };
    expect(unet2DCondition.parse({ ...small, ...each })).toMatchObject({
      heads: [1, 2, 4],
      depths: {
        down: [[1], [2, 2], [3]],
        middle: 3,
        up: [
          [3, 3],
          [2, 2, 2],
          [1, 1],
        ],
      },
    });
  });

  it("takes one number of transformer blocks an attention", () => {
    const depths = {
      transformer_layers_per_block: [0, [2, 1], [4, 3]],
      reverse_transformer_layers_per_block: [[4, 4, 5], 2, [1, 0, 0]],
    };
    expect(unet2DCondition.parse({ ...small, ...depths }).depths).toEqual({
      down: [
        [0, 0],
        [2, 1],
        [4, 3],
      ],
      middle: 4,
      up: [
        [4, 4, 5],
        [2, 2, 2],
        [1, 0, 0],
      ],
    });
  });

  it("reads the prompt's width from the levels that read the prompt", () => {
    const widths = {
      down_block_types: ["DownBlock2D", ...three.down_block_types.slice(1)],
      cross_attention_dim: [7, 9, 9],
    };
    const up_block_types = ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"];
    expect(unet2DCondition.parse({ ...small, ...widths, up_block_types }).cross_attention_dim).toBe(9);
  });

  it("leaves out what has no effect", () => {
    const noise = { dropout: 0.1, upcast_attention: true, resnet_skip_time_act: true, resnet_out_scale_factor: 2 };
    expect(unet2DCondition.parse({ ...small, ...noise })).toEqual(unet2DCondition.parse(small));
  });

  it.each<[string, Architecture, object, string]>([
    [
      "block type",
      unet2DCondition,
      { down_block_types: ["SimpleCrossAttnDownBlock2D"] },
      '"down_block_types" (at 0) must be one of "CrossAttnDownBlock2D", "DownBlock2D", found',
    ],
    [
      "middle block",
      unet2DCondition,
      { mid_block_type: "UNetMidBlock2DSimpleCrossAttn" },
      '"mid_block_type" must be one of "UNetMidBlock2DCrossAttn", "UNetMidBlock2D", null, found "UNetMidBlock2DSimpleCrossAttn"',
    ],
    ["size", unet2DCondition, { sample_size: "64" }, '"sample_size" must be an integer from 1 to 16384 or a list'],
    [
      "side",
      unet2DCondition,
      { sample_size: [64, 0] },
      '"sample_size" (at 1) must be an integer from 1 to 16384, found 0.',
    ],
    ["heads", unet2DCondition, { num_attention_heads: 8 }, '"num_attention_heads" must be null, found 8'],
    [
      "two attentions",
      unet2DCondition,
      { dual_cross_attention: true },
      '"dual_cross_attention" must be false, found true',
    ],
    [
      "class",
      unet2DCondition,
      { class_embed_type: "projection" },
      '"class_embed_type" must be one of null, "timestep"',
    ],
    [
      "addition",
      unet2DCondition,
      { addition_embed_type: "image" },
      '"addition_embed_type" must be one of null, "text_time"',
    ],
    [
      "prompt projection",
      unet2DCondition,
      { encoder_hid_dim_type: "text_proj" },
      '"encoder_hid_dim_type" must be null',
    ],
    ["boxes", unet2DCondition, { attention_type: "gated" }, '"attention_type" must be "default", found "gated"'],
    [
      "no norm",
      unet2DCondition,
      { norm_num_groups: null },
      '"norm_num_groups" must be an integer from 1 to 1048576, found null',
    ],
    [
      "levels",
      unet2DCondition,
      { ...small, attention_head_dim: [5, 10], up_block_types: ["UpBlock2D"] },
      '"up_block_types" must have as many entries as "block_out_channels" (3), found 1; "attention_head_dim" must have as many',
    ],
    [
      "heads of a level",
      unet2DCondition,
      { ...small, attention_head_dim: [1, 0, 2] },
      '"attention_head_dim" (at 1) must be an integer from 1 to 1048576, found 0',
    ],
    [
      "prompts",
      unet2DCondition,
      { ...small, cross_attention_dim: [8, 8, 16] },
      '"cross_attention_dim" must be the same for all attentions, found [8,8,16]',
    ],
    [
      "depths",
      unet2DCondition,
      { ...small, transformer_layers_per_block: [1, [2], 3] },
      '"transformer_layers_per_block" (at 1) must have an entry for each of 2 layers, found 1; "reverse_transformer_layers_per_block" must be given',
    ],
    [
      "depths upwards",
      unet2DCondition,
      { ...small, reverse_transformer_layers_per_block: [1, 2, [3, 3]] },
      '"reverse_transformer_layers_per_block" (at 2) must have an entry for each of 3 layers, found 2',
    ],
    [
      "sizes",
      unet2DCondition,
      { addition_embed_type: "text_time" },
      '"addition_time_embed_dim" must be a number for "text_time"',
    ],
    [
      "pooled prompt",
      unet2DCondition,
      { addition_embed_type: "text_time", addition_time_embed_dim: 8, projection_class_embeddings_input_dim: 48 },
      '"projection_class_embeddings_input_dim" must be >= 49 for "text_time", found 48',
    ],
  ])("refuses: %s", (_name, architecture, raw, message) => {
    expect(() => architecture.parse(raw)).toThrow(
      expect.objectContaining({ code: "SKIPSTEP_MODEL_OPTION", message: expect.stringContaining(message) }),
    );
  });

  it("names a weight that the checkpoint lacks, with its module", () => {
    const folder = join(golden, "pipelines/sd15/unet");
    const weights = Weights.open(folder);
    const g = Graph.create("unet", weights, { weightLoad: () => undefined, attention: () => undefined });
    const config = unet2DCondition.parse({ ...readConfig(folder), layers_per_block: 3 });
    try {
      expect(() => unet2DCondition.entries.forward!(g, config)).toThrow(
        expect.objectContaining({
          code: "SKIPSTEP_TENSOR_MISSING",
          message: expect.stringContaining("down_blocks.0.resnets.2.norm1.weight"),
        }),
      );
    } finally {
      weights.close();
    }
  });
});

/** Layers in the order of the down blocks, and of the up blocks from the end. */
function mirrored({ levels }: UNetStructure): { down: UNetLayer[]; up: UNetLayer[] } {
  return { down: levels.flatMap(({ down }) => down), up: levels.flatMap(({ up }) => [...up].reverse()) };
}

describe("a U-Net's structure", () => {
  it.each<[string, Architecture, string]>([
    ["Stable Diffusion 1", unet2DCondition, "pipelines/sd15/unet"],
    ["Stable Diffusion XL", unet2DCondition, "pipelines/sdxl/unet"],
  ])("lists every layer of %s, in running order", (_name, architecture, folder) => {
    const graph = buildGraph(architecture, "forward", join(golden, folder));
    const { features, lists, blocks, unet } = architecture.structure!(
      architecture.parse(readConfig(join(golden, folder))),
    );
    expect({ features, lists, blocks }).toEqual({ features: ["unet", "picture-tokens"], lists: [], blocks: [] });
    const { down, up } = mirrored(unet!);
    const listed = [...down.flat(), unet!.middle, ...up.reverse().flat()];
    const scopes = graph.nodes.map(({ scope }) => /^(mid_block|\w+_blocks\.\d+\.\w+\.\d+)/.exec(scope)?.[0]);
    const inside = scopes.slice(scopes.findIndex(Boolean), scopes.findLastIndex(Boolean) + 1);
    expect(inside.filter((scope, i) => scope !== inside[i - 1])).toEqual(listed);
  });

  it("pairs layers so that the inner part of the U-Net is a region with one output, for every pair", () => {
    const folder = join(golden, "pipelines/sd15/unet");
    const graph = buildGraph(unet2DCondition, "forward", folder);
    const { unet } = unet2DCondition.structure!(unet2DCondition.parse(readConfig(folder)));
    const { down, up } = mirrored(unet!);
    expect(up).toHaveLength(down.length + 1);
    for (let branch = 0; branch < up.length; branch++) {
      const from = down[branch]?.[0] ?? unet!.middle!;
      const to = up[branch + 1]?.at(-1) ?? unet!.middle!;
      const region = { name: "inner", index: 0, from, to };
      const { parts } = planGraph(graph, [{ plugin: "deepcache", order: 0, region }]);
      const inner = parts.find((part): part is RegionPart => part.kind === "region")!;
      expect(
        inner.outputs.map(({ name }) => name),
        `${from} to ${to}`,
      ).toEqual(["hidden"]);
      expect(inner.inputs.map(({ name }) => name)).toContain("hidden");
    }
  });
});
