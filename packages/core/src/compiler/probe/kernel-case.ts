import type { Graph } from "../../graph/graph";
import type { Node, Value } from "../../graph/value";
import type { WireTensor } from "../../runtime/protocol";
import { type DType, sizeOf } from "../../tensor";

/** A small use of one kernel, made as a node uses it. */
export interface KernelCase {
  /** Cases of one name are equal. In refusals: `Conv of 3 x 3`. */
  readonly name: string;
  /** Largest difference that is right, of the largest value, where that is another than usual. */
  readonly tolerance?: number;
  /** @returns what is compared */
  emit(values: CaseValues): Value | readonly Value[];
}

/** How a node's kernel is tried; nothing where such a node cannot be. */
export type CaseOf = (node: Node) => KernelCase | undefined;

/** What a case is made with: what it is fed, and what lies in its model. Known numbers, the same each time. */
export class CaseValues {
  private count = 0;

  /** @param inputs told of what is fed, by the names of the graph's inputs */
  constructor(
    readonly graph: Graph,
    private readonly inputs: Record<string, WireTensor>,
  ) {}

  /** Numbers between -2 and 2; whole ones from 0 to `most`. */
  fed = (shape: readonly number[], dtype: keyof typeof kinds = "float32", most = 7): Value => {
    const name = `${this.graph.path}/x${this.count++}`;
    const numbers = dtype === "float32" ? waves(shape, this.count) : steps(shape, most);
    this.inputs[name] = { dtype, shape, data: kinds[dtype](numbers) };
    return this.graph.input(name, shape, dtype);
  };

  stored = (shape: readonly number[]): Value => this.graph.constant(waves(shape, ++this.count), shape);

  /** Bytes in the model. */
  codes = (shape: readonly number[], dtype: DType): Value => {
    const bytes = Uint8Array.from(steps(shape, 255));
    const payload = { key: `codes:${bytes.length}`, label: "codes", byteLength: bytes.length, bytes: () => bytes };
    return this.graph.initializer(payload, shape, dtype);
  };
}

const kinds = {
  float32: (numbers: readonly number[]) => Float32Array.from(numbers),
  int32: (numbers: readonly number[]) => Int32Array.from(numbers),
  int64: (numbers: readonly number[]) => BigInt64Array.from(numbers, BigInt),
  bool: (numbers: readonly number[]) => Uint8Array.from(numbers, (number) => number % 2),
} as const;

function waves(shape: readonly number[], phase: number): number[] {
  return Array.from({ length: sizeOf(shape) }, (_, i) => Math.fround(2 * Math.sin(i * i + phase)));
}

function steps(shape: readonly number[], most: number): number[] {
  return Array.from({ length: sizeOf(shape) }, (_, i) => (i * i + 3 * i) % (most + 1));
}
