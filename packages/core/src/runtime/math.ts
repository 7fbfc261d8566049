/** Tensor arithmetic for plugins, computed in the runtime's thread. All float32, and operands of one shape. */
import { tensorsMismatch, uploadOutside } from "../errors/runtime";
import { sizeOf, type Tensor } from "../tensor";
import type { DeviceTensor } from "./device-tensor";
import { type RuntimeTensor, runtimeTensor } from "./runtime-tensor";
import { currentScope } from "./scope";

/**
 * Brings numbers to where tensors lie: a copy, which lives as what the running hook makes, until the end of the pass or
 * of the step unless it is kept.
 * @param tensor float32, or another type that the runtime carries, with as many elements as its shape says
 * @throws SKIPSTEP_TENSOR_INVALID, and SKIPSTEP_UPLOAD_OUTSIDE where no run-time hook runs
 */
export function upload(tensor: Tensor): DeviceTensor {
  const uploader = currentScope.getStore()?.uploader;
  if (!uploader) throw uploadOutside();
  return uploader.upload(tensor);
}

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

/**
 * `a * b`, element by element.
 * @throws SKIPSTEP_TENSOR_MISMATCH unless both are float32 of one shape; SKIPSTEP_TENSOR_EXPIRED
 */
export async function multiply(a: DeviceTensor, b: DeviceTensor): Promise<DeviceTensor> {
  const tensors = alike("multiply", [a, b]);
  return tensors[0].store.elementwise("multiply", tensors);
}

/** Each element brought into `least..most`; NaN stays what it is. */
export async function clamp(a: DeviceTensor, least: number, most: number): Promise<DeviceTensor> {
  const tensors = alike("clamp", [a]);
  return tensors[0].store.elementwise("clamp", tensors, [least, most]);
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
 * `combine` with coefficients of its own for each item of a batch: sum of `coefficients[item][i] * tensors[i][item]`.
 * @param tensors `[B, ...]`
 * @throws SKIPSTEP_TENSOR_MISMATCH unless there is a coefficient for each item of at least one tensor, float32 of one shape
 */
export async function combineItems(
  coefficients: readonly (readonly number[])[],
  tensors: readonly DeviceTensor[],
): Promise<DeviceTensor> {
  const batch = tensors[0]?.shape[0];
  if (coefficients.length !== batch || coefficients.some(({ length }) => length !== tensors.length))
    throw tensorsMismatch("combineItems", `a coefficient for each of ${coefficients.length} items of each`, tensors);
  const operands = alike("combineItems", tensors);
  return operands[0].store.elementwise("combineItems", operands, coefficients.flat());
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

/**
 * Rows `from..to` of an axis, `to` excluded.
 * @param axis 0-based; negative ones count from the end @param from 0 or more @param to at most the axis' length
 * @returns a float32 tensor of `a`'s shape, with `to - from` along the axis
 * @throws SKIPSTEP_TENSOR_MISMATCH for an axis or rows that it has not
 */
export async function slice(a: DeviceTensor, axis: number, from: number, to: number): Promise<DeviceTensor> {
  const tensors = alike("slice", [a]);
  const at = axis < 0 ? a.shape.length + axis : axis;
  const count = a.shape[at];
  const isRight = Number.isInteger(from) && Number.isInteger(to) && count !== undefined;
  if (!isRight || from < 0 || from > to || to > count)
    throw tensorsMismatch("slice", `rows ${from} to ${to} of axis ${axis}`, tensors);
  const row = sizeOf(a.shape.slice(at + 1));
  const shape = a.shape.with(at, to - from);
  return tensors[0].store.elementwise("slice", tensors, [from, to, count, row], shape);
}

/**
 * Euclidean length of each row of the last axis, accumulated in float64: of tokens, say.
 * @param a `[..., D]` @returns `[...]`
 */
export async function norms(a: DeviceTensor): Promise<DeviceTensor> {
  const tensors = alike("norms", [a]);
  return tensors[0].store.elementwise("norms", tensors, [a.shape.at(-1) ?? 1], a.shape.slice(0, -1));
}

/** Euclidean length of all elements as one vector, accumulated in float64. */
export async function norm(a: DeviceTensor): Promise<number> {
  const tensors = alike("norm", [a]);
  return tensors[0].store.reduce("norm", tensors);
}

/**
 * Sum of `a * b` over all elements, accumulated in float64. Over the product of their norms, the cosine between them.
 * @throws SKIPSTEP_TENSOR_MISMATCH unless both are float32 of one shape; SKIPSTEP_TENSOR_EXPIRED
 */
export async function dot(a: DeviceTensor, b: DeviceTensor): Promise<number> {
  const tensors = alike("dot", [a, b]);
  return tensors[0].store.reduce("dot", tensors);
}

/**
 * The value below which a share of all elements lies, interpolated linearly between two of them, as `torch.quantile`.
 * @param share 0..1; 0.5 is the median @returns NaN where an element is NaN, or there is none
 */
export async function quantile(a: DeviceTensor, share: number): Promise<number> {
  const tensors = alike("quantile", [a]);
  return tensors[0].store.reduce("quantile", tensors, [share]);
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
