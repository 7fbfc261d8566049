import type { IField, INamespace, IType } from "protobufjs/light.js";

function one(type: string, id: number): IField {
  return { type, id };
}

function many(type: string, id: number): IField {
  return { rule: "repeated", type, id };
}

/** onnx.proto is proto2: zeros and empty texts are written. */
function message(fields: Record<string, IField>): IType {
  return { edition: "proto2", fields };
}

/** The messages of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, as much of them as an engine needs. */
export const onnxFormat: INamespace = {
  nested: {
    Model: message({
      ir_version: one("int64", 1),
      producer_name: one("string", 2),
      graph: one("Graph", 7),
      opset_import: many("Opset", 8),
    }),
    Opset: message({ domain: one("string", 1), version: one("int64", 2) }),
    Graph: message({
      node: many("Node", 1),
      name: one("string", 2),
      initializer: many("Tensor", 5),
      input: many("ValueInfo", 11),
      output: many("ValueInfo", 12),
    }),
    Node: message({
      input: many("string", 1),
      output: many("string", 2),
      name: one("string", 3),
      op_type: one("string", 4),
      attribute: many("Attribute", 5),
      domain: one("string", 7),
    }),
    Attribute: message({
      name: one("string", 1),
      f: one("float", 2),
      i: one("int64", 3),
      s: one("bytes", 4),
      g: one("Graph", 6),
      floats: many("float", 7),
      ints: many("int64", 8),
      type: one("int32", 20),
    }),
    Tensor: message({
      dims: many("int64", 1),
      data_type: one("int32", 2),
      name: one("string", 8),
      raw_data: one("bytes", 9),
      external_data: many("Entry", 13),
      data_location: one("int32", 14),
    }),
    Entry: message({ key: one("string", 1), value: one("string", 2) }),
    ValueInfo: message({ name: one("string", 1), type: one("Type", 2) }),
    Type: message({ tensor_type: one("TensorType", 1) }),
    TensorType: message({ elem_type: one("int32", 1), shape: one("Shape", 2) }),
    Shape: message({ dim: many("Dimension", 1) }),
    Dimension: message({ dim_value: one("int64", 1), dim_param: one("string", 2) }),
  },
};

/** `AttributeProto.AttributeType`. */
export const attributeType = { float: 1, int: 2, text: 3, graph: 5, floats: 6, ints: 7 } as const;

/** `TensorProto.DataLocation`: in another file. */
export const externalLocation = 1;
