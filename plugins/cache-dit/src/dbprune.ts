import {
  type BlockCall,
  type Next,
  type RegionRequest,
  relativeL1,
  type Structure,
  type Tensors,
} from "@skipstep/core/plugin";
import { tooManyBlocks } from "./errors";
import { comparable, differenceName, once } from "./indicator";
import type { CacheDitOptions } from "./options";
import { type Look, RangeMemory } from "./range-memory";
import { RefreshedMemories, type RunMemory } from "./refreshed-memories";
import type { RunState } from "./run-state";

/** What a run remembers, by region. */
class Memory implements RunMemory {
  private readonly blocks = new Map<number, RangeMemory>();

  constructor(
    readonly state: RunState,
    private readonly options: CacheDitOptions,
  ) {}

  block(index: number): RangeMemory {
    const block = this.blocks.get(index) ?? new RangeMemory(this.options);
    this.blocks.set(index, block);
    return block;
  }

  release(): void {
    for (const block of this.blocks.values()) block.release();
  }
}

/** Each block by itself, but for those in front, at the end and on the list, which always run. */
export function pruneRegions(structure: Structure, options: CacheDitOptions): RegionRequest[] {
  const { blocks } = structure;
  const { Fn_compute_blocks: first, Bn_compute_blocks: last, non_prune_block_ids } = options;
  if (first + last > blocks.length) throw tooManyBlocks(options, structure);
  return blocks
    .map((block) => ({ name: block, from: block }))
    .filter((_, i) => i >= first && i < blocks.length - last && !non_prune_block_ids.includes(i));
}

/** The threshold that a block is held against, after what the blocks before it measured at this step. */
export function pruneThreshold(options: CacheDitOptions, measured: readonly number[]): number {
  const { residual_diff_threshold: threshold, dynamic_prune_threshold_relax_ratio: ratio } = options;
  const changes = measured.slice(0, 5).filter((difference) => difference > 0);
  if (!options.enable_dynamic_prune_threshold || changes.length === 0) return threshold;
  const relaxed = (changes.reduce((sum, change) => sum + change, 0) / changes.length) * ratio;
  return relaxed < (options.max_dynamic_prune_threshold ?? 2 * threshold) ? Math.max(relaxed, threshold) : threshold;
}

/** Dynamic Block Prune: each block whose input is close to that of its last computed pass adds again what it added then. */
export class DBPrune {
  private readonly memories: RefreshedMemories<Memory>;
  private readonly downsampling: number;

  constructor(private readonly options: CacheDitOptions) {
    const isReduced = options.force_reduce_calibrator_vram && options.calibrator_type !== null;
    this.downsampling = Math.max(options.downsample_factor, isReduced ? 4 : 1);
    const { residual_diff_threshold: threshold } = options;
    this.memories = new RefreshedMemories(options, threshold, (state) => new Memory(state, options));
  }

  async blockForward(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const memory = this.memories.at(call.step);
    const block = memory.block(call.region.index);
    const look = this.look(call, memory.state, inputs);
    if (await block.decide(look)) {
      memory.state.reused(look.step);
      return block.reuse(inputs, look.step);
    }
    const learns = await block.renew(look);
    const outputs = await next(inputs);
    if (learns) await block.learn(inputs, outputs, look.step);
    return outputs;
  }

  private look(call: BlockCall, state: RunState, { hidden }: Tensors): Look {
    const step = call.step.index - state.start;
    const indicator = once(() => comparable(hidden!, this.downsampling));
    const { important_condition_threshold } = this.options;
    return {
      state,
      step,
      threshold: pruneThreshold(this.options, state.measuredAt(step)),
      shape: hidden!.shape,
      indicator,
      measure: async (before) => relativeL1(before, await indicator(), important_condition_threshold),
      record: (difference) => call.record({ [differenceName(call.step.run)]: difference }),
    };
  }
}
