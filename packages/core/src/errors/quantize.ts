import { SkipstepError } from "./error";

/** Weights that are packed are to be quantized. @param tensor one that is */
export function quantizedAlready(path: string, tensor: string, format: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_WEIGHTS_QUANTIZED",
    `${path} is quantized already: its "${tensor}" is ${format}, and rounding twice loses more than once. Give the weights that it was made of.`,
  );
}

/** One component of something that is a single one. */
export function componentsWithout(path: string, component: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_COMPONENT_MISSING",
    `${path} is a single component, so there is no "${component}" to choose in it. Leave --component out, or give a config.`,
  );
}
