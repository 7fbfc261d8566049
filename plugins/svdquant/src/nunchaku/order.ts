/**
 * Where nunchaku's kernels want each element, https://github.com/nunchaku-ai/nunchaku: rows and channels are filled up
 * to multiples of 128, and lie as the threads of a warp take them. Indices are of a flat tensor.
 */

/** Rows and channels are multiples of it. */
export const tileSize = 128;

/** Channels that share a scale, of weights and of 4-bit activations. */
export const groupSize = 64;

/** `count`, filled up. */
export function padded(count: number): number {
  return Math.ceil(count / tileSize) * tileSize;
}

/** Of the code of row n and channel k: two in a byte, `index >> 1`, the even one in the low half. @param channels padded */
export function codeIndex(n: number, k: number, channels: number): number {
  const tile = (n >> 7) * (channels >> 6) + (k >> 6);
  const place = ((tile * 8 + ((n >> 4) & 7)) * 8 + (n & 7)) * 4 + ((k >> 3) & 3);
  const word = (place * 2 + ((n >> 3) & 1)) * 2 + ((k >> 5) & 1);
  return 8 * word + (k & 7);
}

/** Of the scale of row n and group g of `groups`; biases and smoothing scales are one group. */
export function scaleIndex(n: number, g: number, groups: number): number {
  const inTile = ((n >> 4) & 7) * 16 + ((n >> 1) & 3) * 4 + ((n >> 3) & 1) * 2 + (n & 1);
  return ((n >> 7) * groups + g) * 128 + inTile;
}

/** Of row n and rank i of the up projection. @param rank a multiple of 16 */
export function upIndex(n: number, i: number, rank: number): number {
  return ((n >> 4) * (rank >> 4) + (i >> 4)) * 256 + inLowRankTile(n & 15, i & 15);
}

/** Of rank i and channel k of the down projection. @param rank a multiple of 16 */
export function downIndex(i: number, k: number, rank: number): number {
  return ((k >> 4) * (rank >> 4) + (i >> 4)) * 256 + inLowRankTile(i & 15, k & 15);
}

function inLowRankTile(i: number, j: number): number {
  return (i & 7) * 32 + ((j >> 1) & 3) * 8 + (i >> 3) * 4 + (j >> 3) * 2 + (j & 1);
}

/** Of the code of row n and channel k of a W4A16 layer: a number of 16 bits, and the lowest bit in it. */
export function awqPlace(n: number, k: number, channels: number): { readonly word: number; readonly shift: number } {
  const word = (n >> 2) * channels + (k >> 6) * 64 + (n & 3) * 16 + ((k >> 5) & 1) * 8 + (k & 7);
  return { word, shift: 4 * ((k >> 3) & 3) };
}
