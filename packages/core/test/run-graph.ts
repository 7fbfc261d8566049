import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import protobuf from "protobufjs";
import { asMultiple, evaluate } from "../src/graph/dim";
import type { Graph } from "../src/graph/graph";
import { type Attribute, type Body, type Node, readsOf, type Value } from "../src/graph/value";
import { onnxType } from "../src/onnx/onnx-types";
import { type DType, integers, sizeOf, type Tensor } from "../src/tensor";

/** What this helper uses of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Model { int64 ir_version = 1; Graph graph = 7; repeated Opset opset_import = 8; }
  message Opset { string domain = 1; int64 version = 2; }
  message Graph {
    repeated Node node = 1; string name = 2; repeated Tensor initializer = 5;
    repeated ValueInfo input = 11; repeated ValueInfo output = 12;
  }
  message Node {
    repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
    repeated Attribute attribute = 5; string domain = 7;
  }
  message Attribute {
    string name = 1; float f = 2; int64 i = 3; bytes s = 4; Graph g = 6; repeated float floats = 7; repeated int64 ints = 8; int32 type = 20;
  }
  message Tensor { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message ValueInfo { string name = 1; Type type = 2; }
  message Type { TensorType tensor_type = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Shape { repeated Dimension dim = 1; }
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
`,
  { keepCase: true },
);

/**
 * Runs a whole graph as one session in this process, without the compiler.
 * @returns its outputs by name, and with `taps` what its modules returned: `layers.0.out0`
 */
export async function runGraph(
  g: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  { taps = false }: { readonly taps?: boolean } = {},
): Promise<Record<string, Tensor>> {
  const outputs = [...g.outputs, ...(taps ? [...g.taps].map(([name, value]) => ({ name, value })) : [])];
  const session = await InferenceSession.create(onnxModel(g, new Set(outputs.map(({ value }) => value))), {
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
  try {
    const sizes = bind(g, inputs);
    const feeds: Record<string, OrtTensor> = {};
    for (const value of [...g.inputs, ...leaves(g, "sizes")]) {
      const { dtype, data, shape } =
        value.origin.kind === "sizes"
          ? integers(
              [value.origin.dims.length],
              value.origin.dims.map((dim) => evaluate(dim, sizes)),
            )
          : inputs[value.name]!;
      feeds[value.name] = new OrtTensor(dtype as "float32", data as Float32Array, shape);
    }
    const results = await session.run(feeds);
    return Object.fromEntries(
      outputs.map(({ name, value }) => {
        const { type, dims, data } = results[value.name]!;
        const expected = value.shape.map((dim) => evaluate(dim, sizes));
        if (dims.join() !== expected.join()) throw new Error(`${name}: inferred [${expected}], computed [${dims}]`);
        return [name, { dtype: type as DType, shape: dims, data: data as Float32Array }];
      }),
    );
  } finally {
    await session.release();
  }
}

function onnxModel(g: Graph, outputs: ReadonlySet<Value>): Uint8Array {
  const model = root.lookupType("Model");
  return model
    .encode({
      ir_version: 10,
      opset_import: [
        { domain: "", version: 23 },
        { domain: "com.microsoft", version: 1 },
      ],
      graph: {
        name: g.component,
        node: g.nodes.map(onnxNode),
        input: [...g.inputs, ...leaves(g, "sizes")].map((value) => valueInfo(value)),
        output: [...outputs].map(valueInfo),
        initializer: leaves(g, "initializer").map((value) => ({
          name: value.name,
          dims: value.shape,
          data_type: onnxType[value.dtype],
          raw_data: value.origin.kind === "initializer" ? value.origin.payload.bytes() : undefined,
        })),
      },
    })
    .finish();
}

function onnxNode({ op, domain, inputs, outputs, attributes, body }: Node): object {
  const used = inputs.slice(0, inputs.findLastIndex((input) => input !== undefined) + 1);
  return {
    op_type: op,
    domain,
    input: used.map((input) => input?.name ?? ""),
    output: outputs.map((output) => output.name),
    attribute: [
      ...Object.entries(attributes).map(([name, value]) => ({ name, ...onnxAttribute(value) })),
      ...(body ? [{ name: "body", type: 5, g: onnxBody(body) }] : []),
    ],
  };
}

function onnxBody({ inputs, outputs, nodes }: Body): object {
  return { name: "body", node: nodes.map(onnxNode), input: inputs.map(valueInfo), output: outputs.map(valueInfo) };
}

function onnxAttribute(value: Attribute): object {
  if ("float" in value) return { type: 1, f: value.float };
  if ("int" in value) return { type: 2, i: value.int };
  if ("text" in value) return { type: 3, s: Buffer.from(value.text) };
  if ("floats" in value) return { type: 6, floats: value.floats };
  return { type: 7, ints: value.ints };
}

function valueInfo({ name, dtype, shape }: Value): object {
  const dim = shape.map((size) => (typeof size === "number" ? { dim_value: size } : { dim_param: String(size) }));
  return { name, type: { tensor_type: { elem_type: onnxType[dtype], shape: { dim } } } };
}

function leaves(g: Graph, kind: Value["origin"]["kind"]): Value[] {
  const values = [...g.nodes.flatMap(readsOf), ...g.outputs.map(({ value }) => value)];
  return [...new Set(values.filter((value) => value.origin.kind === kind))];
}

function bind(g: Graph, inputs: Readonly<Record<string, Tensor>>): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const { name, shape } of g.inputs)
    for (const [axis, dim] of shape.entries()) {
      const multiple = asMultiple(dim);
      if (multiple) sizes[multiple.name] ??= inputs[name]!.shape[axis]! / multiple.factor;
    }
  for (const { name, shape, dtype } of g.inputs) {
    const { data, shape: found } = inputs[name]!;
    const expected = shape.map((dim) => evaluate(dim, sizes));
    if (expected.join() !== found.join() || data.length !== sizeOf(expected) || dtype !== inputs[name]!.dtype)
      throw new Error(`${name}: ${dtype} [${expected}] wanted, ${inputs[name]!.dtype} [${found}] given`);
  }
  return sizes;
}
