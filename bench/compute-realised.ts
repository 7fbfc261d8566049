import { type ConfigInput, createPipeline, type GenerateConfig, type GenerateResult } from "@skipstep/core";
import type { Figure, Say } from "./benchmark";
import { least } from "./measure";

type Plugins = NonNullable<ConfigInput["plugins"]>;

/** A cache against no plugin. */
export interface Comparison {
  /** `DiT-XL/2, F1B0`. */
  readonly title: string;
  readonly model: string;
  readonly generate: GenerateConfig;
  readonly plugin: Plugins[number];
  readonly cacheDir: string;
}

/** What the figures of `computeRealised` mean; follows what is measured. */
export const aboutRealised =
  "Time in the denoising loop against no plugin, one pipeline after the other, the least of two generations each. \"Compute realised\" is the speed-up in time over the speed-up in FLOPs, which the plugin's report tells; the report's own figure is made of one generation with the plugin alone.";

/** How much of the FLOPs that a cache skips is seen in time. */
export async function computeRealised({ title, ...comparison }: Comparison, say: Say): Promise<Figure[]> {
  // One pipeline at a time: two models do not fit everywhere.
  const plain = await leastOfTwo({ ...comparison, plugins: [] });
  const fast = await leastOfTwo({ ...comparison, plugins: [comparison.plugin] });
  const { summary, compute } = fast.report.plugins[0]!;
  say(`${title}: ${secondsOf(plain).toFixed(2)} s without, ${secondsOf(fast).toFixed(2)} s; ${summary}`);
  const speedUp = secondsOf(plain) / secondsOf(fast);
  const { skippedShare, realised } = compute!;
  return [
    { what: `${title}, no plugin, denoising`, value: secondsOf(plain), unit: "s" },
    { what: `${title}, FLOPs skipped`, value: 100 * skippedShare, unit: "%" },
    { what: `${title}, speed-up`, value: speedUp, unit: "times" },
    {
      what: `${title}, compute realised`,
      value: 100 * speedUp * (1 - skippedShare),
      unit: "%",
      target: { least: 92 },
    },
    { what: `${title}, the same by the report`, value: 100 * realised, unit: "%" },
  ];
}

/** The faster of two generations of one pipeline. */
async function leastOfTwo(given: Omit<Comparison, "title" | "plugin"> & { plugins: Plugins }): Promise<GenerateResult> {
  const { model, generate, plugins, cacheDir } = given;
  const pipeline = await createPipeline({ model, generate: { seed: 1, ...generate }, plugins }, { cacheDir });
  const results = [await pipeline.generate(), await pipeline.generate()];
  await pipeline.close();
  return results.find((result) => secondsOf(result) === least(results.map(secondsOf)))!;
}

function secondsOf({ report }: GenerateResult): number {
  return report.seconds.phases.denoise!;
}
