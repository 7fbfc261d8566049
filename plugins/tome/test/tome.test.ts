import { join } from "node:path";
import { buildGraph, newGraph, runGraph, wave } from "@skipstep/contract/graph";
import { validateConfig } from "@skipstep/core";
import { floats, graphPlugins, size, unet2DCondition } from "@skipstep/core/model";
import { describe, expect, it } from "vitest";
import { describeAtBuild } from "../../../packages/contract/test/describe-at-build";
import { ToMe } from "../src/index";
import { type Cells, match } from "../src/match";
import { merge, unmerge } from "../src/merge";

const pipelines = join(import.meta.dirname, "../../../test/golden/pipelines");
const model = join(pipelines, "sd15");

describeAtBuild(ToMe, {
  model,
  exact: { ratio: 0 },
  active: { ratio: 0.5, merge_mlp: true },
  config: { scheduler: { type: "DDIMScheduler" } },
  generate: { prompt: "a cat", guidance_scale: 2, height: 32, width: 32 },
  tolerance: 2.5, // of the latents; random weights amplify what is merged
});

/** By the words of the rule, for one image, token by token. @param x `[T, D]` */
function byHand(x: readonly Float32Array[], [rows, columns]: readonly [number, number], { sy, sx, ratio }: Cells) {
  const [high, wide] = [Math.floor(rows / sy), Math.floor(columns / sx)];
  const isHeld = (t: number): boolean => {
    const [row, column] = [Math.floor(t / columns), t % columns];
    return row % sy === 0 && column % sx === 0 && row / sy < high && column / sx < wide;
  };
  const tokens = x.map((_, t) => t);
  const held = tokens.filter(isHeld);
  const norm = (a: Float32Array): number => Math.hypot(...a);
  const cosine = (a: Float32Array, b: Float32Array): number =>
    a.reduce((sum, value, i) => sum + value * b[i]!, 0) / norm(a) / norm(b);
  const pairs = tokens
    .filter((t) => !isHeld(t))
    .map((t) => {
      const likeness = held.map((other) => cosine(x[t]!, x[other]!));
      const best = Math.max(...likeness);
      return { t, best, into: held[likeness.indexOf(best)]! };
    });
  const merged = pairs.sort((a, b) => b.best - a.best).slice(0, Math.min(Math.trunc(x.length * ratio), pairs.length));
  const into = new Map(merged.map(({ t, into }) => [t, into]));
  const means = x.map((_, t) => {
    const group = tokens.filter((other) => (into.get(other) ?? other) === (into.get(t) ?? t));
    return x[0]!.map((_value, i) => group.reduce((sum, other) => sum + x[other]![i]!, 0) / group.length);
  });
  return { kept: x.length - merged.length, means };
}

describe("what is merged", () => {
  it.each<[grid: readonly [number, number], cells: Cells]>([
    [[4, 6], { sy: 2, sx: 2, ratio: 0.5 }],
    [[5, 7], { sy: 2, sx: 2, ratio: 0.3 }], // a row and a column are in no whole cell
    [[6, 5], { sy: 3, sx: 4, ratio: 0.6 }],
    [[4, 4], { sy: 2, sx: 2, ratio: 1 }], // no more than there are sources
    [[2, 3], { sy: 1, sx: 3, ratio: 0.1 }], // none
  ])("of %j tokens with %j is what the rule says, each image for itself", async (grid, cells) => {
    const [batch, width, count] = [2, 5, grid[0] * grid[1]];
    const x = wave([batch, count, width], 11);
    const g = newGraph();
    const sides = [size("h"), size("w")] as const;
    const image = g.input("image", [size("B"), width, ...sides]);
    const tokens = g.transpose(g.reshape(image, [size("B"), width, -1]), [0, 2, 1]);
    const found = match(g, tokens, sides, cells);
    const less = merge(g, tokens, found);
    g.output("less", less);
    g.output("back", unmerge(g, less, found));
    const picture = floats([batch, width, ...grid]);
    for (let b = 0; b < batch; b++)
      for (let t = 0; t < count; t++)
        for (let d = 0; d < width; d++)
          picture.data[(b * width + d) * count + t] = x.data[(b * count + t) * width + d]!;
    const { less: fewer, back } = await runGraph(g, { image: picture });
    for (let b = 0; b < batch; b++) {
      const rows = Array.from({ length: count }, (_, t) =>
        x.data.slice((b * count + t) * width, (b * count + t + 1) * width),
      );
      const { kept, means } = byHand(rows, grid, cells);
      expect(fewer!.shape).toEqual([batch, kept, width]);
      for (const [t, mean] of means.entries())
        for (const [d, value] of mean.entries())
          expect(Number(back!.data[(b * count + t) * width + d])).toBeCloseTo(value, 5);
    }
  });
});

/** Modules of the small U-Net whose attention is given fewer tokens. */
function blocksOf(options: object): { readonly plugin: ToMe; readonly blocks: readonly string[] } {
  const plugins = graphPlugins("unet", [{ use: ToMe as never, options }]);
  buildGraph(unet2DCondition as never, join(model, "unet"), { hooks: plugins.build, component: "unet" });
  return {
    plugin: plugins.host.plugins[0]!.instance as ToMe,
    blocks: plugins.build.tokenBlocks.map(({ block }) => block),
  };
}

describe("tome", () => {
  it("merges in blocks up to max_downsample, and tells where none is left", () => {
    const first = blocksOf({});
    expect(first.blocks.length).toBeGreaterThan(0);
    expect(first.blocks.every((block) => /^(down_blocks\.0|up_blocks\.\d+)\./.test(block))).toBe(true);
    expect(blocksOf({ max_downsample: 2 }).blocks.length).toBeGreaterThan(first.blocks.length);
    for (const none of [{ ratio: 0 }, { merge_attn: false }, { sx: 1, sy: 1 }]) {
      const { blocks, plugin } = blocksOf(none);
      expect(blocks).toEqual([]);
      expect(plugin.buildWarnings()).toEqual([]);
    }
  });

  it.each([
    ["a ratio above 1", { ratio: 1.5 }, /ratio/],
    ["another level", { max_downsample: 3 }, "max_downsample must be one of 1, 2, 4, 8, found 3"],
    ["no cells", { sx: 0 }, /sx/],
    ["randomness", { use_rand: true }, /use_rand of plugin "tome" draws .* Leave it out\./],
    ["an unknown option", { sz: 2 }, /has no "sz"/],
  ])("refuses %s before anything is loaded", async (_, options, message) => {
    await expect(validateConfig({ model, plugins: [{ use: ToMe, options }] })).rejects.toThrow(message);
  });
});
