import { testRuntime } from "@skipstep/contract/graph";
import { type DeviceTensor, floats } from "@skipstep/core/plugin";

/** A tensor `[n]` with the runtime. */
export type Upload = (...values: number[]) => DeviceTensor;

/**
 * One generation of passes over no model.
 * @returns how many numbers are kept after each
 */
export async function passes(
  count: number,
  pass: (step: number, upload: Upload, kept: () => number) => Promise<void>,
): Promise<number[]> {
  const runtime = await testRuntime();
  const upload: Upload = (...values) => runtime.upload(floats([values.length], Float32Array.from(values)));
  const kept = (): number => runtime.keptBytes / 4;
  return runtime.generation(async () => {
    const after: number[] = [];
    for (let step = 0; step < count; step++) {
      await runtime.pass(() => pass(step, upload, kept));
      after.push(kept());
    }
    return after;
  });
}

export async function valuesOf(tensor: DeviceTensor | undefined): Promise<number[]> {
  return [...(await tensor!.read()).data].map(Number);
}
