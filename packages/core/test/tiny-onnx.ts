import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";
import { folderOfRun } from "../../../test/run-folder";

/** What a tiny model uses of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Model { int64 ir_version = 1; Graph graph = 7; repeated Opset opset_import = 8; }
  message Opset { string domain = 1; int64 version = 2; }
  message Graph {
    repeated Node node = 1; string name = 2; repeated Tensor initializer = 5;
    repeated ValueInfo input = 11; repeated ValueInfo output = 12;
  }
  message Node { repeated string input = 1; repeated string output = 2; string op_type = 4; }
  message Tensor {
    repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9;
    repeated Entry external_data = 13; int32 data_location = 14;
  }
  message Entry { string key = 1; string value = 2; }
  message ValueInfo { string name = 1; Type type = 2; }
  message Type { TensorType tensor_type = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Shape { repeated Dimension dim = 1; }
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
`,
  { keepCase: true },
);

export interface TinyModel {
  /** `[op, inputs, output]`. */
  readonly nodes: readonly (readonly [string, readonly string[], string])[];
  /** Names with their TensorProto.DataType (1 float32, 7 int64, ...) and their dims; a string is a symbolic one. */
  readonly inputs: Readonly<Record<string, readonly [number, readonly (number | string)[]]>>;
  readonly outputs: TinyModel["inputs"];
  /** float32 weights, stored in weights.bin beside the model. */
  readonly weights?: Readonly<Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>>;
}

const home = folderOfRun("tiny-onnx");
let models = 0;

/** Writes a model into a folder of its own, which goes when the test file is done; returns its path. */
export function writeModel({ nodes, inputs, outputs, weights = {} }: TinyModel): string {
  const folder = join(home, String(models++));
  mkdirSync(folder);
  const parts = Object.values(weights).map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  if (parts.length > 0) writeFileSync(join(folder, "weights.bin"), Buffer.concat(parts));
  let offset = 0;
  const initializer = Object.entries(weights).map(([name, { dims, data }]) => {
    const place = { location: "weights.bin", offset: String(offset), length: String(data.byteLength) };
    offset += data.byteLength;
    const external_data = Object.entries(place).map(([key, value]) => ({ key, value }));
    return { name, dims, data_type: 1, external_data, data_location: 1 };
  });
  const graph = {
    name: "tiny",
    node: nodes.map(([op_type, input, output]) => ({ op_type, input, output: [output] })),
    initializer,
    input: Object.entries(inputs).map(port),
    output: Object.entries(outputs).map(port),
  };
  const model = { ir_version: 10, opset_import: [{ domain: "", version: 21 }], graph };
  const path = join(folder, "model.onnx");
  writeFileSync(path, root.lookupType("Model").encode(model).finish());
  return path;
}

function port([name, [elem_type, dims]]: [string, TinyModel["inputs"][string]]): object {
  const dim = dims.map((size) => (typeof size === "number" ? { dim_value: size } : { dim_param: size }));
  return { name, type: { tensor_type: { elem_type, shape: { dim } } } };
}
