import { SkipstepError } from "./error";

/** A weight in few bits beside a tensor that nobody reads. @param sibling its name @param type `int8` */
export function siblingUnread(file: string, weight: string, type: string, sibling: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_QUANTIZED_UNREAD",
    `${file}: "${weight}" is ${type}, quantized, and "${sibling}" beside it (a scale or zero_point?) is not read in that form. ${advice}`,
  );
}

/** A weight of whole numbers that nothing gives a meaning. @param type `int8` */
export function codesUnread(file: string, weight: string, type: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_QUANTIZED_UNREAD",
    `${file}: "${weight}" is ${type}, quantized, and no scale beside it says what its codes stand for. ${advice}`,
  );
}

/** A form that is known by name and not read. @param form `the ComfyUI format "asym_w4a8_int8"` */
export function formUnread(file: string, weight: string, form: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_QUANTIZED_UNREAD",
    `${file}: "${weight}" is quantized in ${form}, which Skipstep does not read. ${advice}`,
  );
}

/** Parts of a quantized weight that do not fit each other. @param problem `is [3], which fits no ...` */
export function quantizedInvalid(file: string, tensor: string, problem: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_QUANTIZED_INVALID",
    `${file}: "${tensor}" ${problem}. Download the file again, or quantize it again.`,
  );
}

const advice = "Give a file in a form that docs/models.md lists, or one that is not quantized.";
