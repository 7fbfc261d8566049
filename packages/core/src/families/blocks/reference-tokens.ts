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
  return references ? concat([tokens, inTurn(references, tokens.shape[0]!)], 1) : tokens;
}

/** More features of each token. @param tokens `[B, X, C]` @param features `[n, X, D]`, as above @returns `[B, X, C + D]` */
export function withFeatures(tokens: Floats, features: Floats | undefined): Floats {
  return features ? concat([tokens, inTurn(features, tokens.shape[0]!)], 2) : tokens;
}

/** Row i is row i modulo n. @param tensor `[n, ...]` @returns `[count, ...]` */
export function inTurn(tensor: Floats, count: number): Floats {
  const [given] = tensor.shape as [number];
  return stack(Array.from({ length: count }, (_, row) => rows(tensor, row % given, (row % given) + 1)));
}
