import { type ConfigInput, createPipeline, type GenerateResult } from "@skipstep/core";
import type { Figure, Say } from "./benchmark";
import { least } from "./measure";

/** A cache against no plugin. */
export interface Comparison {
  /** `DiT-XL/2, F1B0`. */
  readonly title: string;
  /** Without plugins. */
  readonly config: ConfigInput;
  readonly plugin: NonNullable<ConfigInput["plugins"]>[number];
  readonly cacheDir: string;
  /** The speed-up to reach, where there is one. */
  readonly leastTimes?: number;
}

/** A machine is faster at one time than at another. */
const rounds = 2;

/** What the figures of `realised` mean; follows what is measured. */
export const aboutRealised =
  "Time in the denoising loop against no plugin, one pipeline after the other and both twice in turns, the least of four generations each. \"Compute realised\" is the speed-up in time over the speed-up in FLOPs; the FLOPs are the report's. The report's own figure is an estimate from one generation with the plugin.";

/** How much of the FLOPs that a cache skips is seen in time. */
export async function computeRealised(comparison: Comparison, say: Say): Promise<Figure[]> {
  const { title, config, plugin, cacheDir, leastTimes } = comparison;
  // One pipeline at a time: two models do not fit everywhere.
  const [slow, quick] = [[] as GenerateResult[], [] as GenerateResult[]];
  for (let round = 0; round < rounds; round++) {
    slow.push(await leastOfTwo(config, cacheDir));
    quick.push(await leastOfTwo({ ...config, plugins: [plugin] }, cacheDir));
  }
  const [plain, fast] = [leastOf(slow), leastOf(quick)];
  const seconds = `${secondsOf(plain).toFixed(2)} s without, ${secondsOf(fast).toFixed(2)} s`;
  say(`${title}: ${seconds}; ${fast.report.plugins[0]!.summary}`);
  return [
    { what: `${title}, no plugin, denoising`, value: secondsOf(plain), unit: "s" },
    ...realised(title, plain, fast, leastTimes),
  ];
}

/** Speed-up, and the share of it that the FLOPs promise. @param fast with one plugin */
export function realised(title: string, plain: GenerateResult, fast: GenerateResult, leastTimes?: number): Figure[] {
  const speedUp = secondsOf(plain) / secondsOf(fast);
  const { skippedShare, realised: estimate } = fast.report.plugins[0]!.compute!;
  const target = leastTimes === undefined ? {} : { target: { least: leastTimes } };
  const share = 100 * speedUp * (1 - skippedShare);
  return [
    { what: `${title}, FLOPs skipped`, value: 100 * skippedShare, unit: "%" },
    { what: `${title}, speed-up`, value: speedUp, unit: "times", ...target },
    { what: `${title}, compute realised`, value: share, unit: "%", target: { least: 92 } },
    { what: `${title}, the same by the report`, value: 100 * estimate, unit: "%" },
  ];
}

/** The faster of two generations of one pipeline. */
export async function leastOfTwo(config: ConfigInput, cacheDir: string): Promise<GenerateResult> {
  const pipeline = await createPipeline(config, { cacheDir });
  const results = [await pipeline.generate(), await pipeline.generate()];
  await pipeline.close();
  return leastOf(results);
}

function leastOf(results: readonly GenerateResult[]): GenerateResult {
  return results.find((result) => secondsOf(result) === least(results.map(secondsOf)))!;
}

export function secondsOf({ report }: GenerateResult): number {
  return report.seconds.phases.denoise!;
}
