import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { CompiledEngine } from "../src/compiler/compile";
import type { Plan } from "../src/compiler/plan";
import { evaluate, type Sizes } from "../src/graph/dim";
import type { Value } from "../src/graph/value";
import { type DType, integers, type Tensor } from "../src/tensor";

/** Runs a compiled plan segment by segment in this process, without the runtime. */
export async function runPlan(
  plan: Plan,
  compiled: Pick<CompiledEngine, "segments">,
  sizes: Sizes,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const values: Record<string, OrtTensor> = {};
  for (const [name, tensor] of Object.entries(inputs)) values[name] = toOrt(tensor);
  for (const segment of plan.segments) {
    const { path, inputs, sizes: sizeNames, outputs } = compiled.segments[segment.index]!;
    for (const value of segment.sizes) values[value.name] = toOrt(sizesTensor(value, sizes));
    const session = await InferenceSession.create(path, { logSeverityLevel: 3 });
    const feeds = Object.fromEntries([...inputs, ...sizeNames].map((name) => [name, values[name]!]));
    Object.assign(values, await session.run(feeds, outputs));
    await session.release();
  }
  return Object.fromEntries(plan.outputs.map(({ name, value }) => [name, fromOrt(values[value.name]!)]));
}

function sizesTensor({ origin }: Value, sizes: Sizes): Tensor {
  const dims = origin.kind === "sizes" ? origin.dims : [];
  return integers(
    [dims.length],
    dims.map((dim) => evaluate(dim, sizes)),
  );
}

function toOrt({ dtype, data, shape }: Tensor): OrtTensor {
  return new OrtTensor(dtype as "float32", data as Float32Array, shape);
}

function fromOrt({ type, data, dims }: OrtTensor): Tensor {
  return { dtype: type as DType, shape: dims, data: data as Float32Array };
}
