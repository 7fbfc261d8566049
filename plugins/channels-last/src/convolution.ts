import { type Graph, intsOf, type Node, type Payload, type Value } from "@skipstep/core/plugin";
import { isElementwise } from "./elementwise";
import type { Model, Rule } from "./rule";

/**
 * Float convolutions. Of 1x1 a MatMul over the channels. ONNX Runtime's kernel for others takes channels in blocks and
 * reorders what it reads and writes from either layout: a transpose on each side is part of that, and costs nothing more.
 */
export const convolution: Rule = (node, pictures, model) => {
  const [input, weight, bias] = node.inputs;
  const [output] = node.outputs;
  if (node.op !== "Conv" || !input || !weight || !output || output.shape.length !== 4) return false;
  if (leadsOut(output, model)) return convolved(node, pictures, input);
  if (isPointwise(node) && pictures.isLast(input)) {
    const last = pictures.lastOf(input);
    pictures.setLast(
      output,
      pictures.emit(node.scope, (g) => multiply(g, last, weight, bias)),
    );
    return true;
  }
  convolved(node, pictures, input);
  pictures.setConvolved(output);
  return true;
};

function convolved(node: Node, pictures: Parameters<Rule>[1], input: Value): true {
  const first = pictures.isLast(input) ? pictures.firstForConvolution(input, node.scope) : pictures.asIs(input);
  pictures.keep({ ...node, inputs: [first, ...node.inputs.slice(1)] });
  return true;
}

/** True where nothing but elementwise ops stand between a value and the model's outputs: it is as they are. */
function leadsOut(value: Value, model: Model): boolean {
  const readers = model.readersOf(value);
  if (readers.length === 0) return model.isOutput(value);
  return readers.every(
    (node) => (isElementwise(node) || node.op === "Split") && node.outputs.some((output) => leadsOut(output, model)),
  );
}

/** A kernel of 1x1 at every pixel. */
function isPointwise(node: Node): boolean {
  const is = (name: string, value: number): boolean => (intsOf(node, name) ?? [value]).every((each) => each === value);
  const weight = node.inputs[1]!;
  const isPlain = !("group" in node.attributes) && weight.origin.kind === "initializer";
  return isPlain && weight.shape.slice(2).every((dim) => dim === 1) && is("strides", 1) && is("pads", 0);
}

/** @param x `[B, H, W, C]` @param weight `[N, C, 1, 1]` @returns `[B, H, W, N]` */
function multiply(g: Graph, x: Value, weight: Value, bias: Value | undefined): Value {
  const [rows, columns] = weight.shape as [number, number];
  const stored = weight.origin.kind === "initializer" ? turned(weight.origin.payload, rows, columns) : undefined;
  const product = g.matmul(x, g.initializer(stored!, [columns, rows]));
  return bias ? g.add(product, bias) : product;
}

/** `[rows, columns]` as `[columns, rows]`. */
function turned(payload: Payload, rows: number, columns: number): Payload {
  return {
    key: `${payload.key}:turned`,
    label: payload.label,
    byteLength: payload.byteLength,
    bytes: () => turnedBytes(payload.bytes(), Float32Array, rows, columns),
    ...(payload.half ? { half: (dtype) => turnedBytes(payload.half!(dtype), Uint16Array, rows, columns) } : {}),
  };
}

function turnedBytes(
  { buffer, byteOffset }: Uint8Array,
  Elements: Float32ArrayConstructor | Uint16ArrayConstructor,
  rows: number,
  columns: number,
): Uint8Array {
  const values = new Elements(buffer as ArrayBuffer, byteOffset, rows * columns);
  const result = new Elements(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  return new Uint8Array(result.buffer);
}
