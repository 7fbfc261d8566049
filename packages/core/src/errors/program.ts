import { SkipstepError } from "./error";
import { list } from "./nearest";

/** A model was run without one of its inputs. */
export function inputUnknown(name: string, inputs: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_INPUT_MISSING",
    `The model needs an input "${name}". Its inputs: ${list(inputs)}.`,
  );
}

/** A model was run with an input of another shape. */
export function inputShape(name: string, expected: string, found: readonly number[]): SkipstepError {
  return new SkipstepError("SKIPSTEP_INPUT_SHAPE", `Input "${name}" must be ${expected}, found [${found.join(", ")}].`);
}

/** An input's size is no multiple of what the model needs. */
export function sizeConflict(name: string, value: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_INPUT_SHAPE",
    `The inputs give "${name}" as ${value}, which is no whole number: sizes must be multiples of the model's patch.`,
  );
}

/** A plugin skipped a region and returned something else than its outputs. */
export function regionOutput(
  {
    plugin,
    region,
  }: {
    readonly plugin: string;
    readonly region: { readonly name: string; readonly from: string; readonly to: string };
  },
  name: string,
  expected: readonly number[],
  found: string,
): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_REGION_OUTPUT",
    `Plugin "${plugin}" must return "${name}" [${expected.join(", ")}] from region "${region.name}", found ${found}.`,
  );
}
