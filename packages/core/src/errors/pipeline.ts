import { SkipstepError } from "./error";
import { didYouMean, list } from "./nearest";

/** A checkpoint of a pipeline class that Skipstep does not run. */
export function pipelineUnknown(folder: string, className: string, known: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PIPELINE_UNKNOWN",
    `${folder} is a ${className}, which Skipstep does not run.${didYouMean(className, known)} It runs: ${list(known)}. Where a package brings the family, name it in "plugins".`,
  );
}

/** A family that cannot be one; for its author. */
export function familyInvalid(className: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_FAMILY_INVALID", `The family ${className} ${problem}.`);
}

/** Two families of one class: two plugins', or a plugin's and core's. */
export function familyTwice(className: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_FAMILY_TWICE",
    `There are two families of the class ${className}. Remove one of the plugins that bring it; core's own families stay.`,
  );
}

/** A component of a class that its pipeline cannot use. */
export function componentClass(folder: string, className: string, known: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_COMPONENT_CLASS",
    `${folder} is a ${className}, which this pipeline cannot use.${didYouMean(className, known)} It takes: ${list(known)}.`,
  );
}

/** What was asked of `generate` cannot be done. @param problems one sentence each, without the full stop */
export function requestInvalid(problems: readonly string[], settings?: readonly string[]): SkipstepError {
  const text = problems.join("; ");
  const error = new SkipstepError("SKIPSTEP_REQUEST_INVALID", `generate: ${text}${text.endsWith("?") ? "" : "."}`);
  if (settings) error.settings = settings;
  return error;
}

/** A plugin did nothing, and the config says `"strict": true`. */
export function pluginIdle(names: readonly string[]): SkipstepError {
  const [be, these] = names.length === 1 ? ["Plugin", "it"] : ["Plugins", "them"];
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_NO_EFFECT",
    `${be} ${names.map((name) => `"${name}"`).join(", ")} had no effect: image and work are the same without ${these}. Change the options, remove ${these}, or set "strict" to false.`,
  );
}

/** A PNG file without a recipe, or no PNG file. */
export function recipeMissing(file: string, problem: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_RECIPE_MISSING",
    `${file} ${problem}. Give an image that Skipstep wrote; programs that edit or convert images drop what is in it.`,
  );
}

/** A mask shows nothing to paint anew, so that there is no part of the image to cut out. @param mask its file, where it is one */
export function maskEmpty(mask: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_MASK_EMPTY",
    `${typeof mask === "string" ? mask : "The mask"} is black all over, so that "padding_mask_crop" has nothing to cut out. White in a mask is painted anew.`,
  );
}

/** The image to begin with cannot be read. */
export function imageUnreadable(file: string, reason: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_IMAGE_UNREADABLE",
    `${file} cannot be read as an image: ${reason}. Give a PNG, JPEG, WebP, AVIF, GIF or TIFF file.`,
    { cause },
  );
}

/** A ControlNet for a family that is steered by none. @param steered names of those that are */
export function controlNetsNone(component: string, className: string, steered: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_CONTROLNET_UNFIT",
    `A ${className} takes no ControlNets, and the config's "components" have "${component}". Leave it out, or use a model that takes some: ${list(steered)}.`,
  );
}

/** A ControlNet of another model. @param problem `must have the width 320, found 1280` */
export function controlNetUnfit(path: string, family: string, problem: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_CONTROLNET_UNFIT",
    `${path} is no ControlNet for this ${family}: ${problem}. Give one that was trained for the model.`,
  );
}
