import { SkipstepError } from "./error";
import { list } from "./nearest";

/** A LoRA's path leads to no file. @param what `there is no such file or folder` */
export function loraMissing(path: string, what: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LORA_MISSING",
    `${path} is no LoRA: ${what}. Give a safetensors file, or a folder with one.`,
  );
}

/** A kind of update that is more than a product of two matrices. @param kind `a DoRA` */
export function loraKind(file: string, tensor: string, kind: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LORA_KIND",
    `${file} is ${kind}, by its "${tensor}", which Skipstep does not merge. Give a plain LoRA.`,
  );
}

/** @param problem `has "x.lora_A.weight" without the other factor` */
export function loraInvalid(file: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_LORA_INVALID", `${file} ${problem}. Download or convert it again.`);
}

/** A factor that cannot be multiplied to the shape of the weight. */
export function loraShape(
  file: string,
  tensor: string,
  found: readonly number[],
  expected: readonly number[],
  weight: string,
): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LORA_SHAPE",
    `Tensor "${tensor}" in ${file} must be [${expected.join(", ")}] for "${weight}", found [${found.join(", ")}]. Use a LoRA that was made for this model.`,
  );
}

/** Not one module of a LoRA is in the model. @param keys names in the LoRA @param model names in the model */
export function loraUnfit(
  file: string,
  model: string,
  keys: readonly string[],
  modules: readonly string[],
): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LORA_UNFIT",
    `Nothing in ${file} is for ${model}. The LoRA has ${list(keys)}; the model has ${list(modules)}. Use a LoRA that was made for this model.`,
  );
}
