import type { BlockCall, DeviceTensor, JSONSchemaType, Next, Plugin, Run, Tensors } from "@skipstep/core";
import { add, inject, PluginOptions, plugin, relativeL1, subtract } from "@skipstep/core";

export interface FirstBlockCacheOptions {
  /** Relative change of the first block's residual below which the other blocks are reused. 0 never reuses. */
  threshold: number;
  /** Steps at the start that are always computed. */
  warmup_steps: number;
}

const options: JSONSchemaType<FirstBlockCacheOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    threshold: {
      type: "number",
      minimum: 0,
      default: 0.08,
      description:
        "Relative L1 change of the first block's residual below which the other blocks are reused. 0 never reuses.",
    },
    warmup_steps: {
      type: "integer",
      minimum: 0,
      default: 0,
      description: "Steps at the start that are always computed.",
    },
  },
};

/** What a run remembers of its last computed step. */
interface Memory {
  /** First block: output minus input. */
  readonly indicator: DeviceTensor;
  /** All other blocks: output minus input of each stream. A value that is no stream is remembered as it is. */
  residuals: Readonly<Record<string, DeviceTensor>>;
  /** What the current step decided. */
  reuse: boolean;
}

/**
 * First Block Cache: when the first block's residual is close to the one of the last computed step, so are those of
 * the other blocks, and they are added instead of computed. The rule is ParaAttention's
 * (https://github.com/chengzeyi/ParaAttention): the mean of |difference| over the mean of |old|, strictly below the
 * threshold; what is not a finite number computes.
 */
@plugin<FirstBlockCacheOptions>({
  name: "fbcache",
  description: "First Block Cache: skips all blocks but the first when the first one barely changed.",
  options,
  decides: true,
  requires: ["block-list"],
  regions: ({ blocks: [first, second, ...others] }) =>
    first === undefined || second === undefined
      ? []
      : [
          { name: "first", from: first },
          { name: "rest", from: second, to: others.at(-1) ?? second },
        ],
})
export class FirstBlockCache implements Plugin {
  private readonly memories = new WeakMap<Run, Memory>();

  constructor(@inject(PluginOptions) private readonly options: FirstBlockCacheOptions) {}

  async blockForward(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const { threshold, warmup_steps } = this.options;
    // Of the warm-up only the last step is looked at again.
    if (threshold === 0 || call.step.index + 1 < warmup_steps) return next(inputs);
    return call.region.name === "first" ? this.observe(call, inputs, next) : this.compute(call, inputs, next);
  }

  /** Runs the first block and decides for the others. */
  private async observe(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const outputs = await next(inputs);
    const indicator = await subtract(outputs.hidden!, inputs.hidden!);
    const memory = this.memories.get(call.step.run);
    if (memory && (await this.isClose(call, memory.indicator, indicator))) {
      memory.reuse = true;
      return outputs;
    }
    // Before the other blocks run: they need the memory most.
    for (const kept of memory ? [memory.indicator, ...Object.values(memory.residuals)] : []) kept.release();
    this.memories.set(call.step.run, { indicator: indicator.keep(), residuals: {}, reuse: false });
    return outputs;
  }

  /** Adds the remembered residuals, or computes the blocks and remembers theirs. */
  private async compute(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const memory = this.memories.get(call.step.run)!;
    if (memory.reuse)
      return mapTensors(memory.residuals, async (residual, name) => {
        const input = inputs[name];
        return input ? add(input, residual) : residual;
      });
    const outputs = await next(inputs);
    memory.residuals = await mapTensors(outputs, async (output, name) => {
      const input = inputs[name];
      return (input ? await subtract(output, input) : output).keep();
    });
    return outputs;
  }

  /** Not a number, as after a residual of zeros, is not close. */
  private async isClose(call: BlockCall, before: DeviceTensor, now: DeviceTensor): Promise<boolean> {
    if (before.shape.join() !== now.shape.join()) return false;
    const difference = await relativeL1(before, now);
    call.record({ residual_diff: difference });
    return difference < this.options.threshold;
  }
}

/** All at once: the engine's thread works through them without waiting for this one. */
async function mapTensors(
  tensors: Tensors,
  change: (tensor: DeviceTensor, name: string) => Promise<DeviceTensor>,
): Promise<Tensors> {
  const changed = Object.entries(tensors).map(async ([name, tensor]) => [name, await change(tensor, name)] as const);
  return Object.fromEntries(await Promise.all(changed));
}
