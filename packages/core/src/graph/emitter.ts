import { shapeMismatch } from "../errors/graph";
import type { DType } from "../tensor";
import type { Dim } from "./dim";
import { numbersPayload } from "./payload";
import type { Attribute, Node, Payload, Value } from "./value";

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

  /** A value with a payload. Equal payloads in equal shapes are one value. */
  abstract initializer(payload: Payload, shape: readonly number[], dtype?: DType): Value;

  /** Run-time sizes as an int64 vector, fed by the runtime. */
  abstract sizes(dims: readonly Dim[]): Value;

  /** A constant of numbers; a single number gives a scalar. */
  constant(values: number | readonly number[], shape?: readonly number[], dtype: DType = "float32"): Value {
    const numbers = typeof values === "number" ? [values] : values;
    const broken = dtype === "float32" ? undefined : numbers.find((number) => !Number.isSafeInteger(number));
    if (broken !== undefined)
      throw shapeMismatch(this.path, "constant", `${broken} is no whole number: the config's sizes do not divide`);
    return this.initializer(
      numbersPayload(numbers, dtype),
      shape ?? (typeof values === "number" ? [] : [numbers.length]),
      dtype,
    );
  }

  /** Emits a node with one output. For ops that have no method here; plugins use it for kernels of their own. */
  node(op: string, inputs: readonly (Value | undefined)[], shape: readonly Dim[], more: NodeOptions = {}): Value {
    return this.emit(op, inputs, [shape], more)[0]!;
  }
}
