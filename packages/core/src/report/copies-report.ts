import type { Copied } from "../runtime/runtime";

/** Bytes of tensors that were copied between main memory and the memory of a device, by 0-based step. */
export interface CopiesReport {
  /** Latents, timesteps, factors of tensor math; at the first steps also what is the same at all of them. */
  readonly toDevice: readonly number[];
  /** The prediction, and a few bytes for each number that a plugin decides by. */
  readonly toMain: readonly number[];
}

/** @returns nothing where all of the denoiser lies in main memory */
export function reportCopies(steps: readonly Copied[]): { readonly copies?: CopiesReport } {
  const [toDevice, toMain] = [steps.map((step) => step.toDevice), steps.map((step) => step.toMain)];
  return [...toDevice, ...toMain].some((bytes) => bytes > 0) ? { copies: { toDevice, toMain } } : {};
}
