import { equalDims, type Graph, type Node, readersOf, type Value } from "@skipstep/core/plugin";
import type { Pictures } from "./pictures";

/** Emits one kind of node over pictures `[B, ..., C]`. @returns false to leave it as it is */
export type Rule = (node: Node, pictures: Pictures, model: Model) => boolean;

/** What rules look up in the model as it was emitted. */
export class Model {
  private readonly readers: ReadonlyMap<Value, readonly Node[]>;
  private readonly makers = new Map<Value, Node>();
  private readonly leaving: ReadonlySet<Value>;

  constructor({ nodes, outputs }: Pick<Graph, "nodes" | "outputs">) {
    this.readers = readersOf(nodes);
    for (const node of nodes) for (const output of node.outputs) this.makers.set(output, node);
    this.leaving = new Set(outputs.map(({ value }) => value));
  }

  readersOf(value: Value): readonly Node[] {
    return this.readers.get(value) ?? [];
  }

  makerOf(value: Value): Node | undefined {
    return this.makers.get(value);
  }

  /** The node that alone reads a value, of one that does not leave the model. */
  onlyReader(value: Value): Node | undefined {
    const readers = this.readersOf(value);
    return readers.length === 1 && !this.leaving.has(value) ? readers[0] : undefined;
  }

  isOutput(value: Value): boolean {
    return this.leaving.has(value);
  }
}

export function isSameShape({ shape: a }: Value, { shape: b }: Value): boolean {
  return a.length === b.length && a.every((dim, axis) => equalDims(dim, b[axis]!));
}
