import { hookResult } from "../errors/plugins";
import { shown } from "../errors/shown";
import type { GuidanceBranch, Guided, Hooks, Predictions } from "../hooks";
import { type Floats, sizeOf } from "../tensor";

/** What wrapping hooks around passes return, and plugins without a type checker may get wrong. */

/** @throws SKIPSTEP_HOOK_RESULT unless it is float32 of a shape */
export function checkLatents(
  plugin: string,
  hook: keyof Hooks,
  what: string,
  given: Floats,
  shape: readonly number[],
): void {
  const isRight =
    given?.dtype === "float32" &&
    given.data instanceof Float32Array &&
    given.data.length === sizeOf(shape) &&
    given.shape?.join() === shape.join();
  if (!isRight) throw hookResult(plugin, hook, what, `float32 [${shape.join(", ")}]`, shownTensor(given));
}

/** @throws SKIPSTEP_HOOK_RESULT unless there is a prediction for each branch */
export function checkPredictions(
  plugin: string,
  predicted: Predictions,
  branches: readonly GuidanceBranch[],
  shape: readonly number[],
): void {
  for (const branch of branches)
    checkLatents(plugin, "predict", `the prediction of "${branch}"`, predicted?.[branch] as Floats, shape);
}

/** @throws SKIPSTEP_HOOK_RESULT */
export function checkGuided(plugin: string, guided: Guided, shape: readonly number[]): void {
  for (const part of ["prediction", "cond", "uncond"] as const)
    if (part === "prediction" || guided?.[part] !== undefined)
      checkLatents(plugin, "guidance", `"${part}"`, guided?.[part] as Floats, shape);
}

function shownTensor(given: unknown): string {
  const { dtype, shape, data } = (given ?? {}) as Partial<Floats>;
  if (!dtype || !Array.isArray(shape) || !data) return given === undefined ? "nothing" : shown(given);
  return `${dtype} [${shape.join(", ")}] of ${data.length} elements`;
}
