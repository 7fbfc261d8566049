import type { BlockCall, DeviceTensor, Floats, Next, RegionRequest, Structure, Tensors } from "@skipstep/core/plugin";
import { relativeL1, subtract } from "@skipstep/core/plugin";
import { remembersWhole } from "./calibrator";
import { tooManyBlocks } from "./errors";
import { comparable, differenceName, once } from "./indicator";
import type { CacheDitOptions } from "./options";
import { type Look, RangeMemory } from "./range-memory";
import { RefreshedMemories, type RunMemory } from "./refreshed-memories";
import type { RunState } from "./run-state";

/** What a run remembers. */
class Memory implements RunMemory {
  readonly middle: RangeMemory;
  /** What the current step decided, and whether a later one needs what it computes. */
  reuse = false;
  learns = false;

  constructor(
    readonly state: RunState,
    options: CacheDitOptions,
  ) {
    this.middle = new RangeMemory(options);
  }

  release(): void {
    this.middle.release();
  }
}

/** The blocks in front, where their change decides, and those between them and the blocks at the end. */
export function cacheRegions(structure: Structure, options: CacheDitOptions): RegionRequest[] {
  const { blocks } = structure;
  const { Fn_compute_blocks: first, Bn_compute_blocks: last } = options;
  if (first + last > blocks.length) throw tooManyBlocks(options, structure);
  const middle = blocks.slice(first, blocks.length - last);
  if (middle.length === 0) return [];
  const region = { name: "middle", from: middle[0]!, to: middle.at(-1)! };
  if (isFixed(options)) return [{ ...region, lean: remembersWhole(options) }];
  return [{ name: "first", from: blocks[0]!, to: blocks[first - 1]! }, region];
}

/** Whether nothing is ever compared, so that there is no need to cut in front of the first blocks. */
function isFixed({ steps_computation_mask, steps_computation_policy }: CacheDitOptions): boolean {
  return steps_computation_mask !== null && steps_computation_policy === "static";
}

/** Of a static mask. */
function neverCompared(): never {
  throw new Error("cache-dit compares tensors though a static mask decides");
}

/**
 * Dual Block Cache: the first blocks always run, and what they change decides whether the blocks in the middle are
 * computed; the last blocks always run.
 */
export class DBCache {
  private readonly memories: RefreshedMemories<Memory>;
  private readonly threshold: number;
  /** Of the prompt's branch, by the latents that both branches are given at a step. */
  private readonly differences = new WeakMap<Floats, number>();

  constructor(private readonly options: CacheDitOptions) {
    this.threshold = options.l1_hidden_states_diff_threshold ?? options.residual_diff_threshold;
    this.memories = new RefreshedMemories(options, this.threshold, (state) => new Memory(state, options));
  }

  async blockForward(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const memory = this.memories.at(call.step);
    if (call.region.name === "first") {
      const outputs = await next(inputs);
      const [input, output] = [inputs.hidden!, outputs.hidden!];
      const compared = (): Promise<DeviceTensor> => this.compared(input, output);
      await this.decide(memory, this.look(call, memory.state, output.shape, compared));
      return outputs;
    }
    if (isFixed(this.options)) {
      // Of all inputs: a lean region is given what lies far before the blocks.
      const shape = Object.values(inputs).flatMap((tensor) => tensor.shape);
      await this.decide(memory, this.look(call, memory.state, shape, neverCompared));
    }
    const { middle, reuse, learns, state } = memory;
    const step = call.step.index - state.start;
    if (reuse) return middle.reuse(inputs, step);
    const outputs = await next(inputs);
    if (learns) await middle.learn(inputs, outputs, step);
    return outputs;
  }

  private async decide(memory: Memory, look: Look): Promise<void> {
    memory.reuse = await memory.middle.decide(look);
    if (memory.reuse) memory.state.reused(look.step);
    else memory.learns = await memory.middle.renew(look);
  }

  /** @param input of the first block @param output of the last of the first blocks */
  private async compared(input: DeviceTensor, output: DeviceTensor): Promise<DeviceTensor> {
    const { l1_hidden_states_diff_threshold, downsample_factor } = this.options;
    const whole = l1_hidden_states_diff_threshold === null ? await subtract(output, input) : output;
    return comparable(whole, downsample_factor);
  }

  private look(call: BlockCall, state: RunState, shape: Look["shape"], compared: Look["indicator"]): Look {
    const indicator = once(compared);
    return {
      state,
      step: call.step.index - state.start,
      threshold: this.threshold,
      shape,
      indicator,
      measure: (before) => this.measure(call, before, indicator),
      record: (difference) => call.record({ [differenceName(call.step.run)]: difference }),
    };
  }

  private async measure(
    { step: { run, latents } }: BlockCall,
    before: DeviceTensor,
    indicator: () => Promise<DeviceTensor>,
  ): Promise<number> {
    const { cfg_diff_compute_separate, important_condition_threshold } = this.options;
    const prompts = cfg_diff_compute_separate ? undefined : this.differences.get(latents);
    if (prompts !== undefined) return prompts; // this is the other branch
    const difference = await relativeL1(before, await indicator(), important_condition_threshold);
    if (run.branch === "cond") this.differences.set(latents, difference);
    return difference;
  }
}
