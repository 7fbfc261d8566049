import { type Floats, floats } from "../../tensor";
import type { TokenGrid } from "../blocks/reference-tokens";

/** Axes of a token's position: which picture, its row, its column, its place in the text. */
export const AXES = 4;
/** From one picture to the next; the first of those that are looked at has the first of them. */
const APART = 10;

/** Of a prompt's tokens, in order. @returns `[count, 4]` */
export function textPositions(count: number): Floats {
  const positions = floats([count, AXES]);
  for (let token = 0; token < count; token++) positions.data[token * AXES + 3] = token;
  return positions;
}

/**
 * Of the image that is drawn, and behind it of those that are looked at, each row by row.
 * @returns `[T, 4]`
 */
export function imagePositions(grids: readonly TokenGrid[]): Floats {
  const total = grids.reduce((sum, { height, width }) => sum + height * width, 0);
  const positions = floats([total, AXES]);
  let at = 0;
  for (const [picture, { height, width }] of grids.entries())
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++, at += AXES)
        positions.data.set([picture * APART, row, column, 0], at);
  return positions;
}
