import { concat } from "../../loop/concat";
import { rows, stack } from "../../loop/guidance";
import type { Floats } from "../../tensor";

/** Rows and columns of an image's tokens. */
export interface TokenGrid {
  readonly height: number;
  readonly width: number;
}

/**
 * Tokens of images to look at, behind those of the images that are drawn.
 * @param tokens `[B, X, C]` @param references `[n, R, C]`; row i sees row i modulo n @returns `[B, X + R, C]`
 */
export function withReferences(tokens: Floats, references: Floats | undefined): Floats {
  if (!references) return tokens;
  const [count] = references.shape as [number];
  const seen = Array.from({ length: tokens.shape[0]! }, (_, row) => rows(references, row % count, (row % count) + 1));
  return concat([tokens, stack(seen)], 1);
}
