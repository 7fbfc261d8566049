import { Indicator, RunMemories, StreamResiduals } from "@skipstep/caching";
import type { BlockCall, DeviceTensor, Next, Plugin, Tensors } from "@skipstep/core/plugin";
import { inject, PluginOptions, plugin, subtract } from "@skipstep/core/plugin";
import { type FirstBlockCacheOptions, options } from "./options";

/** As ParaAttention counts: there are no derivatives before the second step after the first computed one. */
const taylorDelay = 1;

/** What a run remembers of its last computed step. */
interface Memory {
  /** First block: output minus input. */
  readonly indicator: Indicator;
  /** All other blocks. */
  readonly residuals: StreamResiduals;
  /** What the current step decided. */
  reuse: boolean;
}

/**
 * First Block Cache: when the first block's residual is close to the one of the last computed step, so are those of
 * the other blocks, and they are added instead of computed. The rule is that of ParaAttention
 * (https://github.com/chengzeyi/ParaAttention) or of diffusers: the mean of |difference| over the mean of |old|, below
 * the threshold; what is not a finite number computes.
 */
@plugin<FirstBlockCacheOptions>({
  name: "fbcache",
  description: "First Block Cache: skips all blocks but the first when the first one barely changed.",
  options,
  decides: true,
  requires: ["block-list"],
  tunes: { threshold: { from: 0.01, to: 1, scale: "log" } },
  isIdle: ({ threshold }) => threshold === 0,
  thresholds: ({ threshold }) => ({ residual_diff: threshold }),
  regions: ({ blocks: [first, second, ...others] }) =>
    first === undefined || second === undefined
      ? []
      : [
          { name: "first", from: first },
          { name: "rest", from: second, to: others.at(-1) ?? second },
        ],
})
export class FirstBlockCache implements Plugin {
  private readonly memories: RunMemories<Memory>;

  constructor(@inject(PluginOptions) private readonly options: FirstBlockCacheOptions) {
    this.memories = new RunMemories(() => ({
      indicator: new Indicator(),
      residuals: new StreamResiduals(options.taylorseer_order, taylorDelay),
      reuse: false,
    }));
  }

  async blockForward(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const { threshold, warmup_steps, taylorseer_order } = this.options;
    // Of the warm-up only the last step is looked at again, or what TaylorSeer takes its derivatives from.
    const isForgotten = taylorseer_order === 0 && call.step.index + 1 < warmup_steps;
    if (threshold === 0 || isForgotten) return next(inputs);
    return call.region.name === "first" ? this.observe(call, inputs, next) : this.compute(call, inputs, next);
  }

  /** Runs the first block and decides for the others. */
  private async observe(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const { run, index } = call.step;
    const outputs = await next(inputs);
    const residual = await subtract(outputs.hidden!, inputs.hidden!);
    const memory = this.memories.of(run);
    const { indicator, residuals } = memory;
    memory.reuse = index >= this.options.warmup_steps && (await this.isClose(call, indicator, residual));
    if (memory.reuse) return outputs;
    // Before the other blocks run: they need the memory most.
    residuals.prepare(outputs);
    indicator.keep(residual);
    return outputs;
  }

  /** Adds the remembered residuals, or computes the blocks and remembers theirs. */
  private async compute({ step }: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const { residuals, reuse } = this.memories.of(step.run);
    if (reuse) return residuals.reuse(inputs, step.index);
    const outputs = await next(inputs);
    await residuals.learn(inputs, outputs, step.index);
    return outputs;
  }

  /** Not a number, as after a residual of zeros, is not close. */
  private async isClose(call: BlockCall, indicator: Indicator, residual: DeviceTensor): Promise<boolean> {
    const { threshold, rule } = this.options;
    const difference = await indicator.change(residual);
    if (difference === undefined) return false;
    call.record({ residual_diff: difference });
    return rule === "diffusers" ? difference <= threshold : difference < threshold;
  }
}
