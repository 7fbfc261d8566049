import type { GenerateResult } from "@skipstep/core";
import { fail } from "./failure";
import type { PluginUnderTest } from "./plugin-under-test";
import { latentDifference } from "./variation";

/** Whether latents and images are equal bit by bit. */
export function isEqual(a: GenerateResult, b: GenerateResult): boolean {
  const parts = ({ latents, images }: GenerateResult): Float32Array[] => [
    latents.data,
    ...images.map(({ values }) => values),
  ];
  const [left, right] = [parts(a), parts(b)];
  return left.length === right.length && left.every((values, i) => sameBits(values, right[i]!));
}

/**
 * Ends a check unless a result, and what the plugin did for it, is that of a new pipeline.
 * @param when `after a generation with another prompt`
 */
export function ensureSame(
  tried: PluginUnderTest,
  found: GenerateResult,
  expected: GenerateResult,
  when: string,
): void {
  const [did, should] = [found, expected].map((result) => decisions(tried, result));
  if (isEqual(found, expected) && did === should) return;
  fail(
    `${when}, the result is not that of a new pipeline: latents differ by up to ${latentDifference(found, expected)}, ` +
      `the plugin ${did}, in a new pipeline it ${should}. Keep what belongs to one generation in a WeakMap by step.run.`,
  );
}

/** `computed steps 0,1,4 and reused 2,3 in "rest"`, whatever the number of guidance branches. */
export function decisions(tried: PluginUnderTest, result: GenerateResult): string {
  const steps = (all: readonly number[]): string => [...new Set(all)].join() || "none";
  const regions = tried
    .reportOf(result)
    .regions.map(
      ({ name, computed, reused }) => `computed ${steps(computed)} and reused ${steps(reused)} in "${name}"`,
    );
  return regions.join(", ") || "hooked no region";
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
  return bytes(a).equals(bytes(b));
}
