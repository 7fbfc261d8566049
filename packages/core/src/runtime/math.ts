/** Tensor arithmetic for plugins, computed in the runtime's thread. All float32, and operands of one shape. */
import { tensorsMismatch } from "../errors/runtime";
import type { DeviceTensor } from "./device-tensor";
import { type RuntimeTensor, runtimeTensor } from "./runtime-tensor";

/**
 * `a + b`.
 * @throws SKIPSTEP_TENSOR_MISMATCH unless both are float32 of one shape; SKIPSTEP_TENSOR_EXPIRED
 */
export async function add(a: DeviceTensor, b: DeviceTensor): Promise<DeviceTensor> {
  const tensors = alike("add", [a, b]);
  return tensors[0].store.elementwise("add", tensors);
}

/**
 * `a - b`.
 * @throws SKIPSTEP_TENSOR_MISMATCH unless both are float32 of one shape; SKIPSTEP_TENSOR_EXPIRED
 */
export async function subtract(a: DeviceTensor, b: DeviceTensor): Promise<DeviceTensor> {
  const tensors = alike("subtract", [a, b]);
  return tensors[0].store.elementwise("subtract", tensors);
}

/** `factor * a`, a float32 tensor. */
export async function scale(a: DeviceTensor, factor: number): Promise<DeviceTensor> {
  const tensors = alike("scale", [a]);
  return tensors[0].store.elementwise("combine", tensors, [factor]);
}

/**
 * Sum of `coefficients[i] * tensors[i]`, each element summed in float64 and rounded once.
 * @throws SKIPSTEP_TENSOR_MISMATCH unless there is a coefficient for each of at least one tensor, float32 of one shape
 */
export async function combine(
  coefficients: readonly number[],
  tensors: readonly DeviceTensor[],
): Promise<DeviceTensor> {
  if (coefficients.length !== tensors.length) {
    throw tensorsMismatch("combine", `a tensor for each of its ${coefficients.length} coefficients`, tensors);
  }
  const operands = alike("combine", tensors);
  return operands[0].store.elementwise("combine", operands, coefficients);
}

/**
 * `a[..., ::factor]`: elements 0, `factor`, 2 `factor`, ... of the last axis.
 * @param a `[..., D]` @param factor 1 or more
 * @returns `[..., ceil(D / factor)]`
 */
export async function everyNth(a: DeviceTensor, factor: number): Promise<DeviceTensor> {
  const tensors = alike("everyNth", [a]);
  const width = a.shape.at(-1) ?? 1;
  const shape = [...a.shape.slice(0, -1), Math.ceil(width / factor)];
  return tensors[0].store.elementwise("everyNth", tensors, [factor, width], shape);
}

/** Rows of `factor * a` for each factor, one after the other. @param a `[B, ...]` @returns `[factors * B, ...]` */
export async function copies(a: DeviceTensor, factors: readonly number[]): Promise<DeviceTensor> {
  const tensors = alike("copies", [a]);
  const [batch = 1, ...row] = a.shape;
  return tensors[0].store.elementwise("copies", tensors, factors, [factors.length * batch, ...row]);
}

/** Mean of `|a|` over all elements, accumulated in float64. NaN for a tensor without elements. */
export async function meanAbs(a: DeviceTensor): Promise<number> {
  const tensors = alike("meanAbs", [a]);
  return tensors[0].store.reduce("meanAbs", tensors);
}

/**
 * `sum |previous - current| / sum |previous|` over all elements, accumulated in float64: how far a tensor moved since
 * a former step. NaN or Infinity when `previous` is all zeros.
 * @param above takes only the tokens (all axes but the last) that moved more than this, each by the same measure; all
 *   tokens where none did, and where it is 0
 * @throws SKIPSTEP_TENSOR_MISMATCH unless both are float32 of one shape; SKIPSTEP_TENSOR_EXPIRED
 */
export async function relativeL1(previous: DeviceTensor, current: DeviceTensor, above = 0): Promise<number> {
  const tensors = alike("relativeL1", [previous, current]);
  const { store } = tensors[0];
  if (above === 0) return store.reduce("relativeL1", tensors);
  return store.reduce("relativeL1Above", tensors, [above, previous.shape.at(-1) ?? 1]);
}

function alike(operation: string, tensors: readonly DeviceTensor[]): readonly [RuntimeTensor, ...RuntimeTensor[]] {
  const [first, ...others] = tensors.map((tensor) => runtimeTensor(tensor, operation));
  const shape = first?.shape.join();
  if (!first || [first, ...others].some((tensor) => tensor.dtype !== "float32" || tensor.shape.join() !== shape)) {
    throw tensorsMismatch(operation, "float32 tensors of one shape", tensors);
  }
  return [first, ...others];
}
