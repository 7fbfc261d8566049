import { type BranchPrefix, branchPrefix, branchPrefixes, Indicator, RegionMemories } from "@skipstep/caching";
import type { BlockCall, Calibration, Next, PluginReport, Tensors } from "@skipstep/core/plugin";
import { tooFewChanges } from "./errors";
import type { TeaCacheOptions } from "./options";
import { fitPolynomial } from "./polynomial";

/** Of the authors' polynomials. */
const degree = 4;

/** Fits the change of the model's output to that of its modulated input, as in the paper's section 3.3. */
export const calibration: Calibration<TeaCacheOptions> = {
  options: { calibrate: true, coefficients: null },
  fit: (reports) => {
    const points = reports.flatMap(({ regions }) => branchPrefixes.flatMap((prefix) => changes(regions, prefix)));
    const different = new Set(points.map(({ x }) => x)).size;
    if (different <= degree) throw tooFewChanges(different, degree + 1);
    return { coefficients: fitPolynomial(points, degree) };
  },
};

/** Measures how what regions give moves from step to step. */
export class Measurements {
  private readonly memories = new RegionMemories(() => new Indicator());

  /** Computes a region and records how far what it gives moved since the step before. */
  async observe(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const outputs = await next(inputs);
    const value = outputs.modulated ?? Object.values(outputs)[0]!;
    const indicator = this.memories.of(call);
    const change = await indicator.change(value);
    if (change !== undefined) call.record({ [`${branchPrefix(call.step.run)}${call.region.name}_diff`]: change });
    indicator.keep(value);
    return outputs;
  }
}

function changes(regions: PluginReport["regions"], prefix: BranchPrefix): { x: number; y: number }[] {
  const numbersOf = (name: string): Readonly<Record<string, number>> =>
    regions.map(({ numbers }) => numbers[`${prefix}${name}_diff`]).find((found) => found !== undefined) ?? {};
  const outputs = numbersOf("output");
  return Object.entries(numbersOf("input"))
    .map(([step, x]) => ({ x, y: outputs[step] ?? Number.NaN }))
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
}
