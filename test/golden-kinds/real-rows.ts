import type { Tensor } from "@skipstep/core/model";

/** Zeros where the mask is 0: what stands there has no meaning. */
export function realRows({ dtype, shape, data }: Tensor, mask: Tensor): Tensor {
  const width = shape.at(-1)!;
  return {
    dtype,
    shape,
    data: Float32Array.from(data as Float32Array, (x, i) => (mask.data[Math.floor(i / width)] === 1 ? x : 0)),
  };
}
