import { SkipstepError } from "@skipstep/core";

/** The command line asks for what does not go together, or names what is not there. */
export function usage(problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_USAGE", problem);
}

/** A file cannot be written. @param reason the disk is full, it is a folder, ... */
export function outputUnwritable(file: string, reason: string, cause?: unknown): SkipstepError {
  return new SkipstepError("SKIPSTEP_OUTPUT_UNWRITABLE", `${file} cannot be written: ${reason}.`, { cause });
}

/** A path that is neither a config's nor a model's. */
export function nothingThere(path: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_CONFIG_UNREADABLE",
    `${path} cannot be read: there is no such file or folder. Give a config's JSON file, or a model: its folder, its file, or hf:owner/name.`,
  );
}

/** What a model's folder says of how it is drawn with cannot be read. */
export function modelConfigUnreadable(file: string, reason: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_CONFIG_UNREADABLE",
    `${file} cannot be read: ${reason}. Correct it, or name a config instead of the folder.`,
    { cause },
  );
}

/** The image that `--recipe` or `recipe` names cannot be read. */
export function recipeUnreadable(file: string, reason: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_RECIPE_MISSING",
    `${file} cannot be read: ${reason}. Give an image that Skipstep wrote.`,
    { cause },
  );
}

/** The user stopped it. @param reason the signal's */
export function cancelled(reason: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_CANCELLED", `Cancelled: ${reason}`, { cause: reason });
}

/** What is drawn with one config and not with the other is no comparison. */
export function configsUnlike(file: string, reference: string, difference: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_CONFIG_UNLIKE",
    `${file} and ${reference} cannot be compared: ${difference}. Give configs of one model and one size.`,
  );
}

/** The file of `--prompts` is missing or empty. */
export function promptsUnreadable(file: string, problem: string, cause?: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_REQUEST_PROMPTS",
    `${file} ${problem}. Give a text file with one prompt, or one class, on each line.`,
    { cause },
  );
}

/** No plugin of a config has options that `tune` may set. @param others installed ones that have some */
export function untunable(file: string, others: readonly string[]): SkipstepError {
  const remedy = others.length === 0 ? "Install one that has." : `For this model there are: ${others.join(", ")}.`;
  return new SkipstepError("SKIPSTEP_CONFIG_UNTUNABLE", `${file} has no plugin with options to tune. ${remedy}`);
}

/** No setting that was tried gives what `tune` was asked for. @param closest what came closest @param page with all of them */
export function targetMissed(target: string, closest: string, page: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TARGET_MISSED",
    `No setting gives ${target}: ${closest}. ${page} has all of them. Ask for less, or give more --trials.`,
  );
}

/** Files of `--lpips` that do not make up the network, or only a part of it. */
export function lpipsWeights(files: readonly string[], problem: string): SkipstepError {
  const where = files.length === 0 ? "--lpips" : `--lpips ${files.join(", ")}`;
  return new SkipstepError(
    "SKIPSTEP_LPIPS_WEIGHTS",
    `${where}: ${problem}. Give safetensors of lpips.LPIPS, or of torchvision's network and of LPIPS's linear layers; docs/cli.md says how to make them.`,
  );
}

/** Images that are smaller than the network's filters. */
export function lpipsTooSmall(net: string, height: number, width: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LPIPS_WEIGHTS",
    `--lpips: ${net} sees nothing in images of ${width} x ${height} pixels. Leave --lpips out, or draw larger ones.`,
  );
}
