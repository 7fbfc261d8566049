import { type BranchPrefix, branchPrefix, branchPrefixes, RunMemories } from "@skipstep/caching";
import {
  type BlockCall,
  type Calibration,
  type Floats,
  type Next,
  norms,
  type PluginReport,
  subtract,
  type Tensors,
} from "@skipstep/core/plugin";
import { ratiosUnmeasured } from "./errors";
import type { MagCacheOptions } from "./options";

/** Ratios by step: the mean over all generations, and over both guidance branches. */
export const calibration: Calibration<MagCacheOptions> = {
  options: { calibrate: true, mag_ratios: null },
  fit: (reports) => {
    const measured = reports.flatMap(({ regions }) => branchPrefixes.flatMap((prefix) => ratiosIn(regions, prefix)));
    const last = Math.max(...measured.map(({ step }) => step));
    if (measured.length === 0) throw ratiosUnmeasured();
    const ratios = Array.from({ length: last + 1 }, (_, step) => {
      const found = measured.filter((each) => each.step === step).map(({ ratio }) => ratio);
      // Nothing comes before the first step, and so nothing is to be said of it.
      return found.length === 0 ? 1 : Number((found.reduce((sum, x) => sum + x, 0) / found.length).toFixed(5));
    });
    return { mag_ratios: ratios };
  },
};

/** What a run remembers of its last step. */
interface Memory {
  /** Of each token's residual: `B T` Euclidean norms. */
  lengths?: Float32Array;
}

/** Measures how the residual of all blocks grows and shrinks. */
export class Measurements {
  private readonly memories = new RunMemories<Memory>(() => ({}));

  /** Computes the blocks and records how their residual grew or shrank. */
  async observe({ step: { run }, record }: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const outputs = await next(inputs);
    const residual = await subtract(outputs.hidden!, inputs.hidden!);
    const { data: lengths } = (await (await norms(residual)).read()) as Floats;
    const memory = this.memories.of(run);
    if (memory.lengths?.length === lengths.length)
      record({ [`${branchPrefix(run)}mag_ratio`]: meanRatio(memory.lengths, lengths) });
    memory.lengths = lengths;
    return outputs;
  }
}

function meanRatio(before: Float32Array, now: Float32Array): number {
  return now.reduce((sum, length, token) => sum + length / (before[token]! + 1e-8), 0) / now.length;
}

function ratiosIn(regions: PluginReport["regions"], prefix: BranchPrefix): { step: number; ratio: number }[] {
  return regions
    .flatMap(({ numbers }) => Object.entries(numbers[`${prefix}mag_ratio`] ?? {}))
    .map(([step, ratio]) => ({ step: Number(step), ratio }))
    .filter(({ ratio }) => Number.isFinite(ratio));
}
