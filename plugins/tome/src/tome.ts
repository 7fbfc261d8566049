import {
  type BlockTokens,
  type Graph,
  inject,
  optionUnfit,
  type Plugin,
  PluginOptions,
  plugin,
  type ReducedTokens,
  type TokenModule,
} from "@skipstep/core/plugin";
import { match } from "./match";
import { merge, unmerge } from "./merge";
import { options, type ToMeOptions } from "./options";

/**
 * Token merging for Stable Diffusion, https://arxiv.org/abs/2303.17604, by the rule of `tomesd` 0.1.3
 * (https://github.com/dbolya/tomesd): a block's tokens that are much like others are merged before its modules, and given
 * those others' results behind them.
 */
@plugin<ToMeOptions>({
  name: "tome",
  batchInvariant: true,
  description: "Token merging: tokens that are alike go through a block's attention as one.",
  options,
  requires: ["picture-tokens"],
  tunes: {
    ratio: { from: 0, to: 0.75, scale: "linear" },
    max_downsample: { values: [1, 2, 4] },
  },
  regions: (_structure, { use_rand }) => {
    if (use_rand)
      throw optionUnfit(
        "tome",
        "use_rand",
        "draws destinations from torch's global generator, which no image here has, found true",
        "Leave it out.",
      );
    return [];
  },
})
export class ToMe implements Plugin {
  private readonly modules: readonly TokenModule[];
  /** Of the blocks that were asked about, the finest tokens: pixels of the latents along a side. */
  private finest = Number.POSITIVE_INFINITY;

  constructor(@inject(PluginOptions) private readonly options: ToMeOptions) {
    const { merge_attn, merge_crossattn, merge_mlp } = options;
    this.modules = [
      ...(merge_attn ? (["attention"] as const) : []),
      ...(merge_crossattn ? (["cross-attention"] as const) : []),
      ...(merge_mlp ? (["feed-forward"] as const) : []),
    ];
  }

  tokens({ hidden, grid, downsample }: BlockTokens, graph: Graph): ReducedTokens | undefined {
    const { modules } = this;
    const { ratio, max_downsample, sx, sy } = this.options;
    if (ratio === 0 || modules.length === 0 || sx * sy === 1) return undefined;
    this.finest = Math.min(this.finest, downsample);
    if (downsample > max_downsample) return undefined;
    graph.whenKnown(grid, ([rows, columns]) => {
      for (const [option, most, name, side] of [
        ["sy", rows!, "high", sy],
        ["sx", columns!, "wide", sx],
      ] as const)
        if (side > most)
          throw optionUnfit(
            "tome",
            option,
            `must be at most ${most}, as ${name} as a block's tokens, found ${side}`,
            "Lower it.",
          );
    });
    const found = match(graph, hidden, grid, { sy, sx, ratio });
    return {
      modules,
      kept: found.kept,
      merge: (x, inner) => merge(inner, x, found),
      unmerge: (y, inner) => unmerge(inner, y, found),
    };
  }

  buildWarnings(): readonly string[] {
    const { max_downsample } = this.options;
    return this.finest > max_downsample && Number.isFinite(this.finest)
      ? [
          `"max_downsample" ${max_downsample} of plugin "tome" merges nothing: the model's tokens are ${this.finest} pixels of the latents wide. Set it to ${this.finest}.`,
        ]
      : [];
  }
}
