import { testEngine } from "@skipstep/contract/graph";
import { type DeviceTensor, floats } from "@skipstep/core/plugin";

/** A tensor `[n]` with the engine. */
export type Upload = (...values: number[]) => DeviceTensor;

/**
 * One generation of passes over no model.
 * @returns how many numbers are kept after each
 */
export async function passes(
  count: number,
  pass: (step: number, upload: Upload, kept: () => number) => Promise<void>,
): Promise<number[]> {
  const engine = await testEngine();
  const upload: Upload = (...values) => engine.upload(floats([values.length], Float32Array.from(values)));
  const kept = (): number => engine.keptBytes / 4;
  return engine.generation(async () => {
    const after: number[] = [];
    for (let step = 0; step < count; step++) {
      await engine.pass(() => pass(step, upload, kept));
      after.push(kept());
    }
    return after;
  });
}

export async function valuesOf(tensor: DeviceTensor | undefined): Promise<number[]> {
  return [...(await tensor!.read()).data].map(Number);
}
