import { attributeType, onnxFormat } from "../onnx/onnx-format";
import { onnxType } from "../onnx/onnx-types";
import { sizeOf } from "../tensor";
import type { WireType } from "./protocol";

/** What an engine's models are written in as well. */
const [irVersion, opset] = [10, 23];

/** A small ONNX model while it is written, node by node; values go by their names. */
export class SmallModel {
  private readonly node: object[] = [];
  private readonly initializer: object[] = [];
  private readonly input: object[] = [];
  private names = 0;

  /** @param shape of any rank and size when left out */
  addInput(name: string, dtype: WireType, shape?: readonly number[]): string {
    this.input.push(port(name, dtype, shape));
    return name;
  }

  /** A node of one output. @param attributes whole numbers */
  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, number>> = {}): string {
    const output = this.nextName();
    const attribute = Object.entries(attributes).map(([name, i]) => ({ name, type: attributeType.int, i }));
    this.node.push({ op_type: op, input: inputs, output: [output], attribute });
    return output;
  }

  floats(shape: readonly number[], data: readonly number[]): string {
    return this.constant("float32", shape, Float32Array.from(data));
  }

  /** A vector. */
  wholes(...data: readonly number[]): string {
    return this.constant("int64", [data.length], BigInt64Array.from(data, BigInt));
  }

  /** The same elements in another shape. */
  reshape(value: string, shape: readonly number[]): string {
    return this.add("Reshape", [value, this.wholes(...shape)]);
  }

  /** The finished file. @param result which of its values comes out, as `y` */
  async finish(result: string, dtype: WireType): Promise<Uint8Array> {
    const { default: protobuf } = await import("protobufjs/light.js"); // which programs without a device need not load
    const node = [...this.node, { op_type: "Identity", input: [result], output: ["y"], attribute: [] }];
    const { initializer, input } = this;
    const graph = { name: "small", node, initializer, input, output: [port("y", dtype, undefined)] };
    const file = {
      ir_version: irVersion,
      producer_name: "skipstep",
      graph,
      opset_import: [{ domain: "", version: opset }],
    };
    return protobuf.Root.fromJSON(onnxFormat).lookupType("Model").encode(file).finish();
  }

  private constant(dtype: WireType, dims: readonly number[], { buffer }: Float32Array | BigInt64Array): string {
    const name = this.nextName();
    if (buffer.byteLength === 0) throw new TypeError(`no elements for [${dims}], ${sizeOf(dims)}`);
    this.initializer.push({ name, dims, data_type: onnxType[dtype], raw_data: new Uint8Array(buffer) });
    return name;
  }

  private nextName(): string {
    return `v${this.names++}`;
  }
}

/** A model's input or output. */
function port(name: string, dtype: WireType, shape: readonly number[] | undefined): object {
  const dims = shape && { shape: { dim: shape.map((size) => ({ dim_value: size })) } };
  return { name, type: { tensor_type: { elem_type: onnxType[dtype], ...dims } } };
}
