import { unetStructure } from "@skipstep/core/model";
import { describe, expect, it } from "vitest";
import { deepLayers } from "../src/deep-layers";

/** @param layers of a down block; an up block has one more */
const structure = (levels: number, layers: number, hasMiddle = true) =>
  unetStructure(
    "UNet",
    Array.from({ length: levels }, () => ({ layers, downAttention: true, upAttention: true })),
    hasMiddle,
  );

const edges = (levels: number, layers: number, branch: number): string[] =>
  deepLayers(structure(levels, layers), branch).flatMap(({ from, to }) => [from, to!]);

describe("deep layers", () => {
  it.each([
    [0, ["down_blocks.0.resnets.0", "up_blocks.1.attentions.1"]],
    [1, ["down_blocks.0.resnets.1", "up_blocks.1.attentions.0"]],
    [2, ["down_blocks.0.downsamplers.0", "up_blocks.0.upsamplers.0"]],
    [3, ["down_blocks.1.resnets.0", "up_blocks.0.attentions.1"]],
    [4, ["down_blocks.1.resnets.1", "up_blocks.0.attentions.0"]],
    [5, ["mid_block", "mid_block"]],
  ])("of branch %i are %j where two layers go down", (branch, expected) => {
    expect(edges(2, 2, branch)).toEqual(expected);
  });

  it.each([
    [1, ["down_blocks.0.downsamplers.0", "up_blocks.0.upsamplers.0"]],
    [2, ["down_blocks.0.downsamplers.0", "up_blocks.0.upsamplers.0"]], // three branches to a level all the same
    [3, ["down_blocks.1.resnets.0", "up_blocks.0.attentions.0"]],
    [5, ["mid_block", "mid_block"]],
  ])("of branch %i are %j where one layer goes down", (branch, expected) => {
    expect(edges(2, 1, branch)).toEqual(expected);
  });

  it("of the first branch of the second level begin there where three layers go down", () => {
    expect(edges(2, 3, 2)).toEqual(["down_blocks.0.resnets.2", "up_blocks.1.attentions.0"]);
    expect(edges(2, 3, 3)).toEqual(["down_blocks.1.resnets.0", "up_blocks.0.attentions.2"]);
  });

  it("are none behind the last branch of a U-Net without a middle", () => {
    expect(deepLayers(structure(1, 2, false), 2)).toEqual([]);
  });

  it("are refused beyond the last branch", () => {
    expect(() => deepLayers(structure(2, 2), 6)).toThrow(
      'cache_branch_id of plugin "deepcache" must be 0 to 5, the branches of this UNet, found 6. Take a smaller one: 0 saves most.',
    );
  });
});
