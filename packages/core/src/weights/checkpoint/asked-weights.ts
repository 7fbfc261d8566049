import type { Tensor } from "../../tensor";
import type { PackedWeight } from "../formats/packed-weight";
import type { TensorEntry, WeightSource } from "./weight-source";

/** Weights that remember which of their tensors were asked for: what a graph has no use for is left. */
export class AskedWeights implements WeightSource {
  private readonly asked = new Set<string>();
  readonly format: string | undefined;
  readonly names: readonly string[];

  constructor(private readonly source: WeightSource) {
    this.format = source.format;
    this.names = source.names;
  }

  /** Names that were not asked for, in the files' order. */
  left(): string[] {
    return this.names.filter((name) => !this.asked.has(name));
  }

  has(name: string): boolean {
    return this.source.has(name);
  }

  entry(name: string): TensorEntry {
    this.asked.add(name);
    return this.source.entry(name);
  }

  expect(name: string, shape: readonly number[]): TensorEntry {
    this.asked.add(name);
    return this.source.expect(name, shape);
  }

  read(name: string): Tensor {
    this.asked.add(name);
    return this.source.read(name);
  }

  readFloat32(name: string): Float32Array {
    this.asked.add(name);
    return this.source.readFloat32(name);
  }

  readRows(name: string, firstRow: number, rowCount: number): Uint8Array {
    this.asked.add(name);
    return this.source.readRows(name, firstRow, rowCount);
  }

  packed(name: string): PackedWeight | undefined {
    return this.source.packed?.(name);
  }

  identity(cacheDir: string): string {
    return this.source.identity(cacheDir);
  }
}
