import { type Recipe, readRecipe, readRegularFile } from "@skipstep/core";
import { recipeUnreadable } from "./errors";
import { systemReason } from "./system-reason";

/**
 * The recipe in an image.
 * @throws SKIPSTEP_RECIPE_MISSING
 */
export function readRecipeFile(file: string): Recipe {
  return readRecipe(contentOf(file), file);
}

function contentOf(file: string): Uint8Array {
  try {
    return readRegularFile(file);
  } catch (error) {
    throw recipeUnreadable(file, systemReason(error), error);
  }
}
