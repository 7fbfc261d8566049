import { type Floats, floats } from "../../tensor";
import type { TokenGrid } from "../blocks/reference-tokens";

/** Axes of a token's position: which image, its row, its column; 0 for text. */
export const AXES = 3;

/** Of the image that is drawn, and behind it of the one that is looked at, row by row. @returns `[X, 3]` */
export function imagePositions(grids: readonly TokenGrid[]): Floats {
  const tokens = grids.flatMap(({ height, width }, image) =>
    Array.from({ length: height * width }, (_, at) => [image, Math.floor(at / width), at % width]),
  );
  return floats([tokens.length, AXES], Float32Array.from(tokens.flat()));
}
