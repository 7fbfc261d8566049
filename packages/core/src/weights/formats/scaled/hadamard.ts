/** Whether groups of a size have a matrix whose every row has the same sum: a power of 4. */
export function isRegular(size: number): boolean {
  return size >= 1 && Number.isInteger(Math.log2(size) / 2);
}

/**
 * Multiplies groups of a row by an orthonormal Hadamard matrix, in place: a regular one where the size has it, else
 * Sylvester's. It is symmetric: what was rotated is turned back. Rotation of weights:
 * https://arxiv.org/abs/2404.00456; regular matrices: https://arxiv.org/abs/2512.03673.
 *
 * @param size of a group, a power of 2; divides `width`
 */
export function rotateGroups(values: Float32Array, width: number, size: number): void {
  if (width % size !== 0) throw new RangeError(`groups of ${size} do not divide rows of ${width}`);
  const rotate = isRegular(size) ? rotateRegular : rotateSylvester;
  for (let from = 0; from < values.length; from += size) rotate(values, from, size);
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
