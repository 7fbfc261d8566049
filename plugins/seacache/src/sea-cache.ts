import { branchPrefix, RunMemories, StreamResiduals } from "@skipstep/caching";
import {
  type BlockCall,
  inject,
  type Next,
  type Plugin,
  PluginOptions,
  plugin,
  type Tensors,
} from "@skipstep/core/plugin";
import { checkFit, checkFlow } from "./fit";
import { imageInLatents, meanChange } from "./image-in-latents";
import { options, type SeaCacheOptions } from "./options";

/** What a run remembers. */
interface Memory {
  /** The step before, computed or not, and what of its latents was image. */
  step?: number;
  image?: Float64Array;
  accumulated: number;
  reusedInRow: number;
  readonly residuals: StreamResiduals;
}

/**
 * SeaCache, https://arxiv.org/abs/2602.18993, as diffusers has it: how far the image in the latents moves from step to
 * step, noise left out by frequency, tells how far the model's output does. The changes are summed up, and a step is
 * computed once the sum reaches the threshold; the others add what all blocks added last, or continue it in a line.
 */
@plugin<SeaCacheOptions>({
  name: "seacache",
  description: "SeaCache: skips all blocks until the changes of the image in the latents, without noise, add up.",
  options,
  decides: true,
  requires: ["block-list"],
  regions: (structure) => {
    checkFit(structure);
    return [{ name: "blocks", from: structure.blocks[0]!, to: structure.blocks.at(-1)! }];
  },
  tunes: {
    threshold: { from: 0.05, to: 1, scale: "log" },
    max_consecutive_cached: { values: [1, 2, 3, 5, 0] },
    residual_order: { values: [1, 0] },
  },
  isIdle: ({ threshold }) => threshold === 0,
  thresholds: ({ threshold }) => ({ accumulated: threshold, cfg_accumulated: threshold }),
})
export class SeaCache implements Plugin {
  private readonly memories: RunMemories<Memory>;

  constructor(@inject(PluginOptions) private readonly options: SeaCacheOptions) {
    this.memories = new RunMemories((run) => {
      checkFlow(run);
      return { accumulated: 0, reusedInRow: 0, residuals: new StreamResiduals(options.residual_order) };
    });
  }

  async blockForward(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    if (this.options.threshold === 0) return next(inputs);
    const { index, count, run } = call.step;
    const memory = this.memories.of(run);
    const { residuals } = memory;
    if (this.isReused(call, memory) && residuals.fits(inputs)) {
      memory.reusedInRow++;
      return residuals.reuse(inputs, index);
    }
    memory.accumulated = 0;
    memory.reusedInRow = 0;
    residuals.prepare(inputs);
    const outputs = await next(inputs);
    if (index + 1 < count) await residuals.learn(inputs, outputs, index);
    return outputs;
  }

  /** What is no finite number, as of a model that broke, is computed. */
  private isReused(call: BlockCall, memory: Memory): boolean {
    const { index, count } = call.step;
    const { threshold, retention_steps, cache_end_steps, max_consecutive_cached: most } = this.options;
    const change = this.move(call, memory);
    if (change === undefined) return false;
    memory.accumulated += change;
    const prefix = branchPrefix(call.step.run);
    call.record({ [`${prefix}distance`]: change, [`${prefix}accumulated`]: memory.accumulated });
    if (index < retention_steps || index >= count - cache_end_steps) return false;
    if (most > 0 && memory.reusedInRow >= most) return false;
    return memory.accumulated < threshold;
  }

  /** Takes the latents of now. @returns how far their image moved since the step before; `undefined` where there is none */
  private move({ step }: BlockCall, memory: Memory): number | undefined {
    const { index, latents, sigma } = step;
    const { image: before, step: last } = memory;
    const now = imageInLatents(latents, sigma, this.options.power_exp);
    memory.image = now;
    memory.step = index;
    if (before?.length === now.length && last === index - 1) return meanChange(before, now, latents.shape[0]!);
    memory.residuals.release();
    return undefined;
  }
}
