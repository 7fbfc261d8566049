import type { Graph, Plugin, Weight, WeightForm } from "@skipstep/core/plugin";
import { inject, PluginOptions, plugin } from "@skipstep/core/plugin";
import { putChannelsLast } from "./channels-last-graph";
import { int8Form } from "./int8-convolution";
import { type ChannelsLastOptions, options } from "./options";
import { SkipModules } from "./skip-modules";

/**
 * Convolutional networks with their pictures as `[B, H, W, C]`: attention takes its tokens and normalization its channels
 * as they lie, and convolutions may be products of int8 matrices.
 */
@plugin<ChannelsLastOptions>({
  name: "channels-last",
  batchInvariant: ({ int8 }) => int8 === "off",
  description: "Channels last in U-Nets and VAEs, with convolutions in int8 where asked.",
  options,
})
export class ChannelsLast implements Plugin {
  private readonly skipped: SkipModules;

  constructor(@inject(PluginOptions) private readonly options: ChannelsLastOptions) {
    this.skipped = new SkipModules(options.skip_modules);
  }

  weightLoad(weight: Weight): WeightForm | undefined {
    const { int8, skip_ends } = this.options;
    if (int8 === "off" || weight.role !== "conv" || weight.packed) return undefined;
    const module = weight.name.replace(/\.weight$/, "");
    if (this.skipped.skips(module) || (skip_ends && /(^|\.)conv_(in|out)$/.test(module))) return undefined;
    return int8Form(weight);
  }

  graphBuilt(graph: Graph): Record<string, number> | undefined {
    const found = putChannelsLast(graph);
    return found && { "transposes left": found.transposes, "transposes in convolutions": found.folded };
  }

  buildWarnings(): readonly string[] {
    const why = this.options.int8 === "off" ? '"int8" is "off"' : "no convolution is called so or lies in it";
    return this.skipped.unused.map((name) => `"${name}" in "skip_modules" skips nothing: ${why}.`);
  }
}
