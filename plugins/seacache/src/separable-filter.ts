/**
 * A filter of images by frequency whose gain is the product of one for rows and one for columns: so it is a circular
 * convolution along each axis. Latents are small, and their sides no powers of two.
 */
export interface AxisFilter {
  /** Sum over `j` of `kernel[(i - j) mod n]` times element `j` is element `i`. */
  readonly kernel: Float64Array;
}

/** @param n elements along the axis @param gain by |frequency| in cycles an element, 0..0.5; scaled to a mean of 1 */
export function axisFilter(n: number, gain: (frequency: number) => number): AxisFilter {
  const gains = Float64Array.from({ length: n }, (_, k) => gain(Math.min(k, n - k) / n));
  const sum = gains.reduce((total, one) => total + one, 0);
  // The inverse transform of gains that are the same for +f and -f.
  const kernel = Float64Array.from({ length: n }, (_, i) =>
    gains.reduce((total, one, k) => total + one * Math.cos((2 * Math.PI * ((i * k) % n)) / n), 0),
  );
  return { kernel: kernel.map((weight) => weight / sum) };
}

/** @param images of `rows` times `columns` elements each, one after the other */
export function filtered(images: Float32Array, rows: AxisFilter, columns: AxisFilter): Float64Array {
  const height = rows.kernel.length;
  const width = columns.kernel.length;
  const across = convolved(Float64Array.from(images), columns.kernel, width, 1);
  return convolved(across, rows.kernel, height, width);
}

/** Along an axis of `n` elements, `stride` apart. */
function convolved(from: Float64Array, kernel: Float64Array, n: number, stride: number): Float64Array {
  const result = new Float64Array(from.length);
  for (let block = 0; block < from.length; block += n * stride)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const weight = kernel[i < j ? i - j + n : i - j]!;
        const [to, at] = [block + i * stride, block + j * stride];
        for (let k = 0; k < stride; k++) result[to + k]! += weight * from[at + k]!;
      }
  return result;
}
