import {
  type BlockCall,
  type Calibration,
  type DeviceTensor,
  type Next,
  type PluginReport,
  type Run,
  relativeL1,
  type Tensors,
} from "@skipstep/core/plugin";
import { tooFewChanges } from "./errors";
import type { TeaCacheOptions } from "./options";
import { fitPolynomial } from "./polynomial";

/** Of the authors' polynomials. */
const degree = 4;

/** Fits the change of the model's output to that of its modulated input, as in the paper's section 3.3. */
export const calibration: Calibration<TeaCacheOptions> = {
  options: { calibrate: true, coefficients: null },
  fit: (reports) => {
    const points = reports.flatMap(({ regions }) => [...changes(regions, ""), ...changes(regions, "cfg_")]);
    const different = new Set(points.map(({ x }) => x)).size;
    if (different <= degree) throw tooFewChanges(different, degree + 1);
    return { coefficients: fitPolynomial(points, degree) };
  },
};

/** What a run remembers of its last step, by region. */
export class Measurements {
  private readonly memories = new WeakMap<Run, Map<string, DeviceTensor>>();

  /** Computes a region and records how far what it gives moved since the step before. */
  async observe({ step: { run }, region, record }: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const outputs = await next(inputs);
    const memory = this.memories.get(run) ?? new Map<string, DeviceTensor>();
    this.memories.set(run, memory);
    const value = outputs.modulated ?? Object.values(outputs)[0]!;
    const before = memory.get(region.name);
    if (before?.shape.join() === value.shape.join())
      record({ [`${run.branch === "uncond" ? "cfg_" : ""}${region.name}_diff`]: await relativeL1(before, value) });
    before?.release();
    memory.set(region.name, value.keep());
    return outputs;
  }
}

/** @param prefix of a guidance branch's numbers */
function changes(regions: PluginReport["regions"], prefix: string): { x: number; y: number }[] {
  const numbersOf = (name: string): Readonly<Record<string, number>> =>
    regions.map(({ numbers }) => numbers[`${prefix}${name}_diff`]).find((found) => found !== undefined) ?? {};
  const outputs = numbersOf("output");
  return Object.entries(numbersOf("input"))
    .map(([step, x]) => ({ x, y: outputs[step] ?? Number.NaN }))
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
}
