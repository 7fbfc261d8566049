import { SkipstepError } from "./error";

/** A recipe has what none may have: code by path, files that it builds on. @param what with its place */
export function recipeRefused(what: string, reason: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_RECIPE_REFUSED",
    `The recipe has ${what}: ${reason}. If you trust it, write a config of your own from what "skipstep recipe" shows.`,
  );
}

/** A recipe would read or fetch what nobody allowed. @param sources one line each */
export function recipeUntrusted(sources: readonly string[]): SkipstepError {
  const some = sources.length > 20 ? [...sources.slice(0, 20), `and ${sources.length - 20} more`] : sources;
  return new SkipstepError(
    "SKIPSTEP_RECIPE_UNTRUSTED",
    `Nobody allowed what the recipe reads: ${some.join("; ")}. Say yes on a terminal, give --trust, or in a program "allow"; or give a config beside the recipe, whose model is used then.`,
  );
}

/** A file of a recipe that is not known on this machine. @param key its place: `model` */
export function recipeFileUnknown(key: string, name: string, sha256: string | undefined): SkipstepError {
  const hash = sha256 === undefined ? "which says no hash" : `sha256 ${sha256}`;
  return new SkipstepError(
    "SKIPSTEP_RECIPE_FILE",
    `The recipe's ${key} "${name}" (${hash}) was not used on this machine yet, so that it is not known where it lies. Give a config that has it: skipstep generate <config> --recipe <image>.`,
  );
}
