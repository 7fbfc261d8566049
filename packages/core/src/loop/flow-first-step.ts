import type { Settings } from "./settings";

/** Where image-to-image of flow models begins: a step that `strength` covers in part is run. */
export function flowFirstStep({ num_inference_steps: steps, strength }: Settings): number {
  return Math.floor(steps - Math.min(steps * strength, steps));
}
