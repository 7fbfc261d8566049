import { SkipstepError } from "@skipstep/core/plugin";

/** @param found its first four bytes as text */
export function noGguf(file: string, found: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_GGUF_MAGIC",
    `${file} is no GGUF file: it begins with ${JSON.stringify(found)}, not with "GGUF". Download it again.`,
  );
}

/** @param problem `is of version 1` */
export function versionUnread(file: string, problem: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_GGUF_VERSION",
    `${file} ${problem}. Little-endian files of versions 2 and 3 are read: convert it with a recent llama.cpp or gguf.`,
  );
}

/** A file that ends too early. @param what `tensor "x"` @param needed where it would end, in bytes */
export function cutOff(file: string, what: string, needed: number, found: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_GGUF_TRUNCATED",
    `${file} is cut off: ${what} ends at byte ${needed}, the file at byte ${found}. Download it again.`,
  );
}

/** A header that contradicts itself or the format. @param problem `has two tensors "x"` */
export function headerBroken(file: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_GGUF_BROKEN", `${file} ${problem}. Convert or download it again.`);
}

/** @param known names of the types that are read */
export function blockTypeUnknown(file: string, tensor: string, id: number, known: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_GGUF_BLOCK_TYPE",
    `${file}: tensor "${tensor}" is of block type number ${id}, which is not known. Types that are read: ${known.join(", ")}. Use a file in one of these.`,
  );
}

/** A shape that its block type cannot have. @param shape innermost dimension last */
export function blocksUneven(
  file: string,
  tensor: string,
  shape: readonly number[],
  type: string,
  size: number,
): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_GGUF_SHAPE",
    `${file}: tensor "${tensor}" is ${type} [${shape.join(", ")}], but blocks of ${type} hold ${size} elements, which do not divide ${shape.at(-1) ?? 1}. Convert or download it again.`,
  );
}

/** An option of `quantize` that cannot be followed. @param problem `type "Q9" is not written` */
export function optionWrong(problem: string, remedy: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_GGUF_OPTION", `${problem}. ${remedy}`);
}

/** A file of importances that cannot be used. */
export function importanceWrong(file: string, problem: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_GGUF_IMPORTANCE",
    `${file}: ${problem}. Give safetensors with one vector a weight, as long as its rows and named like it.`,
  );
}
