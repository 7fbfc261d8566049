/** Sylvester's matrices, or those whose every row has the same sum (`regular`): a power of 4 in size. */
export type HadamardKind = "sylvester" | "regular";

/**
 * Multiplies groups of a row by an orthonormal Hadamard matrix, in place. It is symmetric: what was rotated is turned
 * back. Rotation of weights: https://arxiv.org/abs/2404.00456; regular matrices: https://arxiv.org/abs/2512.03673.
 *
 * @param size of a group; divides `width`
 */
export function rotateGroups(values: Float32Array, width: number, size: number, kind: HadamardKind): void {
  if (width % size !== 0) throw new RangeError(`groups of ${size} do not divide rows of ${width}`);
  for (let from = 0; from < values.length; from += size)
    if (kind === "regular") rotateRegular(values, from, size);
    else rotateSylvester(values, from, size);
  const norm = Math.sqrt(size);
  for (let i = 0; i < values.length; i++) values[i]! /= norm;
}

function rotateSylvester(values: Float32Array, from: number, size: number): void {
  for (let step = 1; step < size; step *= 2)
    for (let i = from; i < from + size; i++) {
      if ((i - from) & step) continue;
      const [a, b] = [values[i]!, values[i + step]!];
      values[i] = a + b;
      values[i + step] = a - b;
    }
}

/** Of four numbers, three with their sign and one against it: `[[1,1,1,-1],[1,1,-1,1],[1,-1,1,1],[-1,1,1,1]]`. */
function rotateRegular(values: Float32Array, from: number, size: number): void {
  for (let step = 1; step < size; step *= 4)
    for (let i = from; i < from + size; i++) {
      if (((i - from) / step) & 3) continue;
      const [a, b, c, d] = [values[i]!, values[i + step]!, values[i + 2 * step]!, values[i + 3 * step]!];
      values[i] = a + b + c - d;
      values[i + step] = a + b - c + d;
      values[i + 2 * step] = a - b + c + d;
      values[i + 3 * step] = b + c + d - a;
    }
}
