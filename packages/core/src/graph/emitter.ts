import type { DType } from "../tensor";
import type { Dim } from "./dim";
import type { Attribute, Node, Value } from "./value";

/** What a node needs beyond inputs and shapes. */
export interface NodeOptions {
  readonly domain?: Node["domain"];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Of the outputs, or of each; the first input's when left out. */
  readonly dtype?: DType | readonly DType[];
}

/** What operators are emitted with. */
export abstract class Emitter {
  /** The module being emitted, for errors: `layers.0.attention`. */
  abstract readonly path: string;

  /** Emits a node with several outputs. */
  abstract emit(
    op: string,
    inputs: readonly (Value | undefined)[],
    shapes: readonly (readonly Dim[])[],
    more?: NodeOptions,
  ): Value[];

  /** A constant of numbers; a single number gives a scalar. */
  abstract constant(values: number | readonly number[], shape?: readonly number[], dtype?: DType): Value;

  /** Run-time sizes as an int64 vector, fed by the engine. */
  abstract sizes(dims: readonly Dim[]): Value;

  /** Emits a node with one output. For ops that have no method here; plugins use it for kernels of their own. */
  node(op: string, inputs: readonly (Value | undefined)[], shape: readonly Dim[], more: NodeOptions = {}): Value {
    return this.emit(op, inputs, [shape], more)[0]!;
  }
}
