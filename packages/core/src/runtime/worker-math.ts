import { Tensor as OrtTensor } from "onnxruntime-node";
import type { DeviceStore } from "./device-store";
import type { Calls } from "./protocol";
import { elementwise, reductions } from "./tensor-math";
import type { WorkerValues } from "./worker-values";

type Ask = Calls["compute"]["ask"];
type Answer = Calls["compute"]["answer"];

/** Computes where the tensors lie: on a device where one of them is not in main memory. */
export async function compute(values: WorkerValues, ask: Ask): Promise<Answer> {
  const { operation, inputs, coefficients, output, shape } = ask;
  const store = values.storeOf(inputs);
  const computed = store && (await onDevice(values, store, ask));
  if (computed) return computed;
  const operands: Float32Array[] = [];
  for (const input of inputs) operands.push((values.here(input) ?? (await values.inMain(input))).data as Float32Array);
  const start = performance.now();
  const secondsSince = (): number => (performance.now() - start) / 1000;
  if (operation in reductions) {
    const number = reductions[operation as keyof typeof reductions](operands, coefficients);
    return { number, seconds: secondsSince() };
  }
  const data = elementwise[operation as keyof typeof elementwise](operands, coefficients);
  values.put(output!, new OrtTensor("float32", data, shape));
  return { number: undefined, seconds: secondsSince() };
}

/** @returns nothing where the device has no kernels for it, or there is nothing to compute with */
async function onDevice(
  values: WorkerValues,
  store: DeviceStore,
  { operation, inputs, coefficients, output, shape }: Ask,
): Promise<Answer | undefined> {
  const shapes = inputs.map((input) => values.shapeOf(input));
  if ([...shapes, shape].some((sizes) => sizes.includes(0))) return undefined;
  const operands: OrtTensor[] = [];
  for (const input of inputs) operands.push(await values.feed(input, store));
  const computed = await store.compute(operation, operands, { shapes, coefficients, shape });
  if (!computed) return undefined;
  const { tensor, number, seconds, readBytes } = computed;
  if (tensor) values.put(output!, tensor, store);
  else values.countRead(readBytes);
  return { number, seconds };
}
