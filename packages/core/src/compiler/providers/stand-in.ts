import type { Dim } from "../../graph/dim";
import type { NodeOptions } from "../../graph/emitter";
import { Shapes } from "../../graph/shapes";
import type { Node, Payload, Value } from "../../graph/value";
import type { DType } from "../../tensor";

/** Emits what stands in for one node of a graph that is finished: in its scope, with names made from its output's. */
export class StandIn extends Shapes {
  readonly path: string;
  private readonly nodes: Node[] = [];

  /** @param initializers of the whole graph, so that equal ones are one value */
  constructor(
    private readonly original: Node,
    private readonly initializers: Map<string, Value>,
  ) {
    super();
    this.path = original.scope;
  }

  /** The nodes that were emitted, the last of which gives what the original gave. */
  finish(result: Value): readonly Node[] {
    const [output] = this.original.outputs;
    const named = (value: Value): Value => (value === result ? output! : value);
    return this.nodes.map((node) => ({ ...node, outputs: node.outputs.map(named) }));
  }

  emit(
    op: string,
    inputs: readonly (Value | undefined)[],
    shapes: readonly (readonly Dim[])[],
    { domain = "", attributes = {}, dtype = inputs[0]?.dtype ?? "float32" }: NodeOptions = {},
  ): Value[] {
    const dtypes = typeof dtype === "string" ? shapes.map(() => dtype) : dtype;
    const base = `${this.original.outputs[0]!.name}/${op}:${this.nodes.length}`;
    const outputs = shapes.map(
      (shape, i): Value => ({
        name: i === 0 ? base : `${base}.${i}`,
        dtype: dtypes[i]!,
        shape,
        origin: { kind: "node" },
      }),
    );
    this.nodes.push({ op, domain, inputs, outputs, attributes, scope: this.path });
    return outputs;
  }

  initializer(payload: Payload, shape: readonly number[], dtype: DType = "float32"): Value {
    const key = `${payload.key} [${shape}]`;
    const known = this.initializers.get(key);
    if (known) return known;
    const name = `stand-in/${payload.label}:${this.initializers.size}`;
    const value: Value = { name, dtype, shape, origin: { kind: "initializer", payload } };
    this.initializers.set(key, value);
    return value;
  }

  /** What a segment is fed is settled by now. @throws TypeError for sizes that are known at run time only */
  sizes(dims: readonly Dim[]): Value {
    if (dims.every((dim) => typeof dim === "number")) return this.constant(dims, undefined, "int64");
    throw new TypeError(`a stand-in for ${this.original.op} cannot be fed the sizes ${dims.join(", ")}`);
  }
}
