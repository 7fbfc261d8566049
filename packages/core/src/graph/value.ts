import type { DType, HalfType } from "../tensor";
import type { Dim } from "./dim";
import type { Shapes } from "./shapes";

/** Where a value comes from. */
export type Origin =
  // fed by the caller; steady ones are the same at every step, timed ones follow from the timestep, and a branch's are no
  // part of what a model is given
  | { readonly kind: "input"; readonly steady?: boolean; readonly timed?: boolean; readonly branch?: boolean }
  | { readonly kind: "sizes"; readonly dims: readonly Dim[] } // fed by the runtime: run-time sizes as int64
  | { readonly kind: "initializer"; readonly payload: Payload }
  | { readonly kind: "node" };

/** One tensor in a graph. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
  readonly origin: Origin;
}

/** The bytes of an initializer, made only when an engine folder is written. */
export interface Payload {
  /** Equal keys mean equal bytes: what the compile cache is keyed by, and what lets segments share one copy. */
  readonly key: string;
  readonly byteLength: number;
  /** Little-endian elements, row-major. */
  bytes(): Uint8Array;
  /**
   * The same elements in 16 bits: weights of the checkpoint have it, which an engine may store so.
   * @throws SKIPSTEP_DTYPE_OVERFLOW for numbers beyond its range
   */
  half?(dtype: HalfType): Uint8Array;
  /** The checkpoint's name, for reports and errors. */
  readonly label: string;
}

/** An attribute of a node: a whole number, a float, a text, or a list. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] };

/** A graph inside a node, such as one turn of a Scan. It reads values of the graph around it by their names. */
export interface Body {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
}

/** How a value is computed by operators that accelerators have, where they lack some of those that it was made by. */
export interface Portable {
  /** Names of these, with their domain: `com.microsoft/MatMulIntegerToFloat`. */
  readonly lacking: readonly string[];
  /** What it is computed from: values of the graph that were there when the node was emitted. */
  readonly reads: readonly Value[];
  /** Emits it. Sizes that are known at run time only cannot be fed: `g.sizes` throws for them. */
  emit(g: Shapes): Value;
}

/** One operator application. */
export interface Node {
  readonly op: string;
  /** `""` is ONNX's own domain, the others ONNX Runtime's. */
  readonly domain: "" | "com.microsoft" | "com.microsoft.nchwc";
  /** `undefined` where an optional input is left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** What a Scan computes at each turn. */
  readonly body?: Body;
  /** The module that it was emitted in: `layers.3.attention`. */
  readonly scope: string;
  /** What else gives its output. */
  readonly portable?: Portable;
}

/** Everything that a node reads: its inputs, and what its body takes from the graph around it. */
export function readsOf({ inputs, body }: Node): Value[] {
  const own = inputs.filter((input) => input !== undefined);
  if (!body) return own;
  const made = new Set([...body.inputs, ...body.nodes.flatMap(({ outputs }) => outputs)]);
  return [...new Set([...own, ...body.nodes.flatMap(readsOf).filter((value) => !made.has(value))])];
}

/** Nodes with those of the bodies in them. */
export function withBodies(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [node, ...(node.body ? withBodies(node.body.nodes) : [])]);
}

/** The nodes that read each value, in their order; none for what nobody reads. */
export function readersOf(nodes: readonly Node[]): ReadonlyMap<Value, readonly Node[]> {
  const readers = new Map<Value, Node[]>();
  for (const node of nodes)
    for (const value of readsOf(node)) {
      const known = readers.get(value);
      if (known) known.push(node);
      else readers.set(value, [node]);
    }
  return readers;
}
