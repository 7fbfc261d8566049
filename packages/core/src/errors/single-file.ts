import { messageOf, SkipstepError } from "./error";
import { list } from "./nearest";

/** A file of a kind that is not read. @param kind `a GGUF file` @param plugin the package that reads it */
export function fileFormat(file: string, kind: string, plugin?: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_FILE_FORMAT", `${file} is ${kind}, ${unread(plugin)}`);
}

/** A config.json that says how its weights are packed. @param plugin the package that reads such weights */
export function quantizationUnread(file: string, method: string, plugin: string | undefined): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_FILE_FORMAT",
    `${file} has weights that are quantized with "${method}", ${unread(plugin)}`,
  );
}

function unread(plugin: string | undefined): string {
  return plugin === undefined
    ? "which Skipstep does not read. Give a safetensors file or a diffusers folder that is not quantized."
    : `which ${plugin} reads. Add it with: pnpm add ${plugin}, and to the config: "plugins": [{ "use": "${plugin}" }].`;
}

/** A file that is no whole model. @param what it is instead, where that is known */
export function fileUnknown(file: string, what: string | undefined, known: readonly string[]): SkipstepError {
  const found = what === undefined ? "holds no model that is known by its tensors" : `is ${what}`;
  return new SkipstepError(
    "SKIPSTEP_FILE_UNKNOWN",
    `${file} ${found}. Single files are opened of: ${list(known)}. Give one of these, or a diffusers folder.`,
  );
}

/** A file does not hold the model that a component must be. @param found classes that it holds */
export function partMissing(
  file: string,
  component: string,
  className: string,
  found: readonly string[],
): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_FILE_PART",
    `${file} holds no ${className} for "${component}". It holds: ${list(found)}. Give a file or folder that has one.`,
  );
}

/** A file of a kind that is taken for what a component must be. @param what `a T2I-Adapter` */
export function partOther(file: string, component: string, what: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_FILE_PART",
    `${file} is ${what}, which is not run; "${component}" must be a ControlNet of the model's family. Give a file or folder of one.`,
  );
}

/** A model that its pipeline cannot use. @param problem `must have 16 latent channels, found 4` */
export function partUnfit(className: string, pipeline: string, problem: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_FILE_PART",
    `The ${className} of ${pipeline} ${problem}. Give the file that belongs to the model.`,
  );
}

/** A single file lacks components. @param denoiser the component that it has for sure */
export function componentsMissing(
  file: string,
  pipeline: string,
  missing: readonly string[],
  denoiser: string,
): SkipstepError {
  const example = missing.map((name) => `"${name}": "<folder, file or hf:owner/name>"`).join(", ");
  return new SkipstepError(
    "SKIPSTEP_COMPONENT_MISSING",
    `${file} is ${pipeline} without ${list(missing)}. Add to the config: "components": { ${example} }; or give a diffusers folder as "model", and "components": { "${denoiser}": "${file}" }.`,
  );
}

/** A single file's tokenizer is to be had from the hub only, and cannot be had. */
export function tokenizerUnavailable(file: string, component: string, hub: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_COMPONENT_MISSING",
    `${file} has no ${component}, as no file of weights has, and ${hub} cannot be had (${messageOf(cause).replace(/\.$/, "")}). Add to the config: "components": { "${component}": "<a folder with tokenizer.json, or vocab.json and merges.txt>" }.`,
    { cause },
  );
}
