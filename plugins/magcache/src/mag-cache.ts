import { RunMemories, StreamResiduals } from "@skipstep/caching";
import {
  type BlockCall,
  inject,
  type Next,
  type Plugin,
  PluginOptions,
  plugin,
  type RegionRequest,
  type Structure,
  type Tensors,
} from "@skipstep/core/plugin";
import { calibration, Measurements } from "./calibration";
import { isAllowed, nothingSkipped, oneMore, retainedSteps, type Skipped } from "./decision";
import { ratiosMissing } from "./errors";
import { interpolate } from "./interpolate";
import { type MagCacheOptions, options } from "./options";

/** What a run remembers. */
interface Memory {
  readonly ratios: readonly number[];
  readonly residuals: StreamResiduals;
  skipped: Readonly<Skipped>;
}

/**
 * MagCache, https://arxiv.org/abs/2506.09045: from step to step the magnitude of what all blocks add changes by a ratio
 * that is nearly the same for all prompts. The ratios are known beforehand, and a step is skipped while their product
 * stays close to 1. The rule is that of diffusers.
 */
@plugin<MagCacheOptions>({
  name: "magcache",
  batchInvariant: ({ calibrate }) => !calibrate, // what it measures is of all images
  description: "MagCache: skips all blocks while the magnitude of what they add is known to stay.",
  options,
  decides: true,
  requires: ["block-list"],
  regions,
  calibration,
  tunes: {
    threshold: { from: 0.01, to: 0.5, scale: "log" },
    max_skip_steps: { from: 1, to: 5, scale: "integer" },
    retention_ratio: { values: [0.4, 0.3, 0.2, 0.1] },
  },
  isIdle: ({ max_skip_steps, calibrate }) => max_skip_steps === 0 && !calibrate,
  thresholds: ({ threshold }) => ({ accumulated: threshold }),
})
export class MagCache implements Plugin {
  private readonly memories: RunMemories<Memory>;
  private readonly measurements = new Measurements();

  constructor(@inject(PluginOptions) private readonly options: MagCacheOptions) {
    this.memories = new RunMemories(({ count }) => ({
      ratios: interpolate(options.mag_ratios!, count),
      residuals: new StreamResiduals(),
      skipped: nothingSkipped,
    }));
  }

  async blockForward(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    if (this.options.calibrate) return this.measurements.observe(call, inputs, next);
    if (this.options.max_skip_steps === 0) return next(inputs);
    const { index, count } = call.step;
    const memory = this.memories.of(call.step.run);
    if (await this.isSkipped(call, memory, inputs)) return memory.residuals.reuse(inputs, index);
    memory.residuals.prepare(inputs);
    const outputs = await next(inputs);
    const retained = retainedSteps(this.options, count);
    if (index + 1 >= retained && index + 1 < count) await memory.residuals.learn(inputs, outputs, index);
    return outputs;
  }

  private async isSkipped({ step, record }: BlockCall, memory: Memory, inputs: Tensors): Promise<boolean> {
    const { ratios, residuals, skipped } = memory;
    if (step.index < retainedSteps(this.options, step.count)) return false;
    const wanted = oneMore(skipped, ratios[step.index]!);
    record({ accumulated: wanted.error });
    let isSkipped = residuals.fits(inputs) && isAllowed(wanted, this.options);
    if (isSkipped && !(await residuals.isFinite(step.index))) {
      record({ residual: Number.NaN });
      isSkipped = false;
    }
    memory.skipped = isSkipped ? wanted : nothingSkipped;
    return isSkipped;
  }
}

/** All blocks as one. */
function regions({ className, blocks }: Structure, { mag_ratios, calibrate }: MagCacheOptions): RegionRequest[] {
  if (mag_ratios === null && !calibrate) throw ratiosMissing(className);
  return [{ name: "blocks", from: blocks[0]!, to: blocks.at(-1)! }];
}
