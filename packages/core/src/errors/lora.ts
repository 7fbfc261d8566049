import { SkipstepError } from "./error";
import { list } from "./nearest";

/** A LoRA's path leads to no file. @param what `there is no such file or folder` */
export function loraMissing(path: string, what: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LORA_MISSING",
    `${path} is no LoRA: ${what}. Give a safetensors file, or a folder with one.`,
  );
}

/** A kind of update that is not merged. @param kind `an OFT` */
export function loraKind(file: string, tensor: string, kind: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LORA_KIND",
    `${file} is ${kind}, by its "${tensor}", which Skipstep does not merge. Give a LoRA, DoRA, LoHa or LoKr.`,
  );
}

/** An update that cannot run beside a weight. @param why `a DoRA, whose lengths are of the changed weight` */
export function loraBeside(file: string, tensor: string, why: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LORA_BESIDE",
    `${file} cannot run beside the weights: its "${tensor}" is ${why}. Have it merged when the model is opened: name it in the config's "lora" instead.`,
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
    `Tensor "${tensor}" in ${file} must be [${expected.join(", ")}] for "${weight}", found [${found.join(", ")}]. It was trained on a model of other sizes, or it is damaged: take it to that model, or download it again.`,
  );
}

/** A LoRA that says itself that it is for another family. @param made `Stable Diffusion XL` */
export function loraOther(file: string, made: string, model: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LORA_UNFIT",
    `${file} is for ${made}; this model is ${model}. Use a LoRA that was made for ${model}.`,
  );
}

/** Not one module of a LoRA for this family is in the model. @param keys names in the LoRA @param modules names in the model */
export function loraUnfit(
  file: string,
  family: string,
  keys: readonly string[],
  modules: readonly string[],
): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LORA_UNFIT",
    `${file} is for ${family}, as this model is, but has nothing for it: the LoRA has ${list(keys)}; the model has ${list(modules)}. Take it to the version of ${family} that it was trained on.`,
  );
}

/** Not one module of a LoRA is in the model, and whose it is is not known. */
export function loraUnknown(
  file: string,
  className: string,
  keys: readonly string[],
  modules: readonly string[],
): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LORA_UNFIT",
    `Nothing in ${file} has a name that Skipstep knows for ${className}: the LoRA has ${list(keys)}; the model has ${list(modules)}. Convert it to diffusers' names, or see docs/models.md for those that are read.`,
  );
}
