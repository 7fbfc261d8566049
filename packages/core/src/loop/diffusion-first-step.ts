import type { Settings } from "./settings";

/** Where image-to-image of models of noise begins: a step that `strength` covers in part is not run. */
export function diffusionFirstStep({ num_inference_steps: steps, strength }: Settings): number {
  return steps - Math.min(Math.floor(steps * strength), steps);
}
