import { RunMemories } from "@skipstep/caching";
import type { Step } from "@skipstep/core/plugin";
import type { Rules } from "./decision";
import { maskBeginsEmpty, maskLength, presetMissing } from "./errors";
import type { CacheDitOptions } from "./options";
import { RunState } from "./run-state";
import { hasPreset, presetMask } from "./steps-mask";

/** What a method remembers of a run. */
export interface RunMemory {
  readonly state: RunState;
  /** Lets go of all tensors. */
  release(): void;
}

/** The memory of each run, begun anew where the options ask for a refresh. */
export class RefreshedMemories<Memory extends RunMemory> {
  private readonly runs = new RunMemories<{ latest?: Memory }>(() => ({}));

  constructor(
    private readonly options: CacheDitOptions,
    private readonly threshold: number,
    private readonly create: (state: RunState) => Memory,
  ) {}

  /** @throws SKIPSTEP_PLUGIN_OPTION when the mask does not fit the run's steps */
  at({ run, index, count }: Step): Memory {
    const memories = this.runs.of(run);
    const known = memories.latest;
    if (known && !this.isRefresh(known.state, index)) return known;
    known?.release();
    const rules: Rules = { ...this.options, threshold: this.threshold, mask: maskFor(this.options, count) };
    const start = known ? index : 0;
    memories.latest = this.create(new RunState(rules, start, count - start));
    return memories.latest;
  }

  private isRefresh({ start }: RunState, index: number): boolean {
    const { force_refresh_step_hint, force_refresh_step_policy } = this.options;
    return index - start === force_refresh_step_hint && (start === 0 || force_refresh_step_policy === "repeat");
  }
}

/** @throws SKIPSTEP_PLUGIN_OPTION when a mask begins with 0 */
export function checkMask({ steps_computation_mask: mask }: CacheDitOptions): void {
  if (Array.isArray(mask) && mask[0] !== 1) throw maskBeginsEmpty();
}

function maskFor({ steps_computation_mask: mask }: CacheDitOptions, steps: number): readonly number[] | null {
  if (typeof mask === "string") {
    if (!hasPreset(steps)) throw presetMissing(mask, steps);
    return presetMask(mask, steps);
  }
  if (mask !== null && mask.length !== steps) throw maskLength(mask.length, steps);
  return mask;
}
