import type { Attribute, Body, Node, Value } from "../graph/value";
import { onnxFile } from "../onnx/onnx-file";
import { attributeType, externalLocation } from "../onnx/onnx-format";
import { onnxType } from "../onnx/onnx-types";
import type { Segment } from "./plan";
import { type InitializerValue, initializersOf, placeOf, type WeightsLayout } from "./weights-layout";

/** Name of the file of weights, which lies beside the models: ONNX Runtime reads no other place. */
export const weightsFile = "weights.bin";

const irVersion = 10;
const opsets = [
  { domain: "", version: 23 },
  { domain: "com.microsoft", version: 1 },
  { domain: "com.microsoft.nchwc", version: 1 },
];

/**
 * One segment as an ONNX file. The same segment and layout give the same bytes.
 * Values keep their names; a node is called `<scope>/<op>:<position>`; sizes known at run time only are written as text.
 */
export function onnxModel(name: string, segment: Segment, layout: WeightsLayout): Uint8Array {
  const file = {
    ir_version: irVersion,
    producer_name: "skipstep",
    opset_import: opsets,
    graph: {
      name,
      node: segment.nodes.map(onnxNode),
      initializer: initializersOf(segment.nodes).map((value) => onnxTensor(value, layout)),
      input: [...segment.inputs, ...segment.sizes].map(valueInfo),
      output: segment.outputs.map(valueInfo),
    },
  };
  return onnxFile.encode(file).finish();
}

function onnxNode({ op, domain, scope, inputs, outputs, attributes, body }: Node, position: number): object {
  const used = inputs.slice(0, inputs.findLastIndex((input) => input !== undefined) + 1);
  return {
    name: `${scope}${scope === "" ? "" : "/"}${op}:${position}`,
    op_type: op,
    domain,
    input: used.map((input) => input?.name ?? ""),
    output: outputs.map((output) => output.name),
    attribute: [
      ...Object.entries(attributes).map(([name, value]) => ({ name, ...onnxAttribute(value) })),
      ...(body ? [{ name: "body", type: attributeType.graph, g: onnxBody(body, position) }] : []),
    ],
  };
}

/** Initializers and sizes that it reads are the outer graph's. */
function onnxBody({ inputs, outputs, nodes }: Body, position: number): object {
  return {
    name: `body:${position}`,
    node: nodes.map(onnxNode),
    input: inputs.map(valueInfo),
    output: outputs.map(valueInfo),
  };
}

function onnxAttribute(value: Attribute): object {
  if ("float" in value) return { type: attributeType.float, f: value.float };
  if ("int" in value) return { type: attributeType.int, i: value.int };
  if ("text" in value) return { type: attributeType.text, s: Buffer.from(value.text) };
  if ("floats" in value) return { type: attributeType.floats, floats: value.floats };
  return { type: attributeType.ints, ints: value.ints };
}

function onnxTensor(value: InitializerValue, layout: WeightsLayout): object {
  const place = placeOf(layout, value);
  const tensor = { name: value.name, dims: value.shape, data_type: onnxType[value.dtype] };
  if (place.kind === "inline") return { ...tensor, raw_data: place.bytes };
  const entries = { location: weightsFile, offset: String(place.offset), length: String(place.byteLength) };
  return {
    ...tensor,
    data_location: externalLocation,
    external_data: Object.entries(entries).map(([key, text]) => ({ key, value: text })),
  };
}

function valueInfo({ name, dtype, shape }: Value): object {
  const dim = shape.map((size) => (typeof size === "number" ? { dim_value: size } : { dim_param: String(size) }));
  return { name, type: { tensor_type: { elem_type: onnxType[dtype], shape: { dim } } } };
}
