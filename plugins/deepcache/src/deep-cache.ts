import { RegionOutputs, RunMemories } from "@skipstep/caching";
import type { BlockCall, Next, Plugin, Step, Tensors } from "@skipstep/core/plugin";
import { inject, PluginOptions, plugin } from "@skipstep/core/plugin";
import { deepLayers } from "./deep-layers";
import { fullSteps } from "./full-steps";
import { type DeepCacheOptions, options } from "./options";

/** What a run remembers. */
interface Memory {
  /** Steps at which everything is computed. */
  readonly full: ReadonlySet<number>;
  /** By timestep, the first step at it: a solver that visits one twice stays where it is. */
  readonly positions: Map<number, number>;
  /** Of the deep layers. */
  readonly last: RegionOutputs;
}

/**
 * DeepCache, https://arxiv.org/abs/2312.00858: the deep layers of a U-Net change little from step to step, so most steps
 * compute the layers next to its input and output only. Branches and uniform steps are those of `DeepCacheSDHelper`
 * (https://github.com/horseee/DeepCache), non-uniform steps those of the paper's code.
 */
@plugin<DeepCacheOptions>({
  name: "deepcache",
  batchInvariant: true,
  description: "DeepCache: computes the deep layers of a U-Net at every n-th step only.",
  options,
  decides: true,
  requires: ["unet"],
  tunes: {
    cache_interval: { from: 1, to: 10, scale: "integer" },
    cache_branch_id: { from: 8, to: 0, scale: "integer" },
  },
  isIdle: ({ cache_interval }) => cache_interval === 1,
  regions: (structure, { cache_branch_id }) => deepLayers(structure, cache_branch_id),
})
export class DeepCache implements Plugin {
  private readonly memories: RunMemories<Memory>;

  constructor(@inject(PluginOptions) private readonly options: DeepCacheOptions) {
    this.memories = new RunMemories(({ count }) => ({
      full: fullSteps(count, options),
      positions: new Map(),
      last: new RegionOutputs(),
    }));
  }

  async blockForward({ step }: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    if (this.options.cache_interval === 1) return next(inputs);
    const memory = this.memories.of(step.run);
    const { last } = memory;
    // A run may begin behind the first step, and change its size.
    if (!isFull(memory, step) && last.fits(inputs)) return last.reuse();

    last.release();
    const outputs = await next(inputs);
    if (step.index + 1 < step.count) last.learn(inputs, outputs);
    return outputs;
  }
}

function isFull({ full, positions }: Memory, { timestep, index }: Step): boolean {
  const position = positions.get(timestep) ?? index;
  positions.set(timestep, position);
  return full.has(position);
}
