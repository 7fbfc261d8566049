/** Tensor arithmetic for plugins, computed in the engine's thread. All float32 and of one shape. */
import { tensorsMismatch } from "../errors/engine";
import type { DeviceTensor } from "./device-tensor";
import { type EngineTensor, engineTensor } from "./engine-tensor";

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

/** Mean of `|a|` over all elements, accumulated in float64. NaN for a tensor without elements. */
export async function meanAbs(a: DeviceTensor): Promise<number> {
  const tensors = alike("meanAbs", [a]);
  return tensors[0].store.reduce("meanAbs", tensors);
}

/**
 * `sum |previous - current| / sum |previous|` over all elements, accumulated in float64: how far a tensor moved since
 * a former step. NaN or Infinity when `previous` is all zeros.
 * @throws SKIPSTEP_TENSOR_MISMATCH unless both are float32 of one shape; SKIPSTEP_TENSOR_EXPIRED
 */
export async function relativeL1(previous: DeviceTensor, current: DeviceTensor): Promise<number> {
  const tensors = alike("relativeL1", [previous, current]);
  return tensors[0].store.reduce("relativeL1", tensors);
}

function alike(operation: string, tensors: readonly DeviceTensor[]): readonly [EngineTensor, ...EngineTensor[]] {
  const [first, ...others] = tensors.map((tensor) => engineTensor(tensor, operation));
  const shape = first?.shape.join();
  if (!first || [first, ...others].some((tensor) => tensor.dtype !== "float32" || tensor.shape.join() !== shape)) {
    throw tensorsMismatch(operation, "float32 tensors of one shape", tensors);
  }
  return [first, ...others];
}
