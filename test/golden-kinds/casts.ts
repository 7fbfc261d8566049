import { type Floats, floats, type Tensor } from "@skipstep/core/model";

/** The reference takes whole numbers too where a graph takes float32: timesteps. */
export function asFloats({ shape, data }: Tensor): Floats {
  return floats(shape, Float32Array.from(data, Number));
}

/** The reference takes masks of any type, graphs take int32. */
export function asMask({ shape, data }: Tensor): Tensor<Int32Array> {
  return { dtype: "int32", shape, data: Int32Array.from(data, Number) };
}
