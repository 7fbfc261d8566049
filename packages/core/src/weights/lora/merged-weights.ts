import { createHash } from "node:crypto";
import { itemSize, sizeOf, type Tensor } from "../../tensor";
import { checkRows } from "../checkpoint/check-entry";
import { type OpenWeights, type StoredAs, type TensorEntry, Weights } from "../checkpoint/weights";
import type { PackedWeight } from "../formats/packed-weight";
import { addUpdates, type WeightUpdate } from "./add-update";

/** By the names of the weights that are changed. */
export type WeightUpdates = ReadonlyMap<string, readonly WeightUpdate[]>;

/** Weights with LoRAs added to them when they are read. What is changed is float32, so that nothing is rounded away. */
export class MergedWeights implements OpenWeights {
  readonly names: readonly string[];
  readonly layout: string;
  readonly format: string | undefined;

  private constructor(
    private readonly source: OpenWeights,
    private readonly updates: WeightUpdates,
    /** The LoRAs, by path. */
    private readonly files: ReadonlyMap<string, Weights>,
  ) {
    this.names = source.names;
    this.layout = source.layout;
    this.format = source.format;
  }

  /** Opens the LoRAs' files. @param source is closed with them, and when one cannot be opened */
  static open(source: OpenWeights, updates: WeightUpdates): MergedWeights {
    const files = new Map<string, Weights>();
    try {
      for (const { file } of [...updates.values()].flat())
        if (!files.has(file)) files.set(file, Weights.openFile(file));
      return new MergedWeights(source, updates, files);
    } catch (error) {
      for (const weights of [source, ...files.values()]) weights.close();
      throw error;
    }
  }

  has(name: string): boolean {
    return this.source.has(name);
  }

  /** Of a changed tensor, `file` and `offset` are where it lies unchanged. */
  entry(name: string): TensorEntry {
    const entry = this.source.entry(name);
    if (!this.updates.has(name)) return entry;
    return { ...entry, dtype: "float32", byteLength: sizeOf(entry.shape) * itemSize.float32 };
  }

  expect(name: string, shape: readonly number[]): TensorEntry {
    this.source.expect(name, shape);
    return this.entry(name);
  }

  read(name: string): Tensor {
    if (!this.updates.has(name)) return this.source.read(name);
    return { dtype: "float32", shape: this.entry(name).shape, data: this.readFloat32(name) };
  }

  readFloat32(name: string): Float32Array {
    const values = this.source.readFloat32(name);
    const updates = this.updates.get(name);
    if (updates) addUpdates(values, this.entry(name).shape, updates, (file) => this.files.get(file)!);
    return values;
  }

  readRows(name: string, firstRow: number, rowCount: number): Uint8Array {
    if (!this.updates.has(name)) return this.source.readRows(name, firstRow, rowCount);
    const entry = this.entry(name);
    checkRows(entry, firstRow, rowCount);
    const [rows = 1] = entry.shape;
    const rowLength = entry.byteLength / Math.max(1, rows);
    return new Uint8Array(this.readFloat32(name).buffer, firstRow * rowLength, rowCount * rowLength);
  }

  /** What is changed is packed no more. */
  packed(name: string): PackedWeight | undefined {
    return this.updates.has(name) ? undefined : this.source.packed?.(name);
  }

  stored(name: string): StoredAs | undefined {
    return this.updates.has(name) ? undefined : this.source.stored?.(name);
  }

  /** Of the weights, and of what is added to each. */
  identity(cacheDir: string): string {
    const contents = new Map([...this.files].map(([path, weights]) => [path, weights.identity(cacheDir)]));
    const updates = [...this.updates].map(([name, list]) => [
      name,
      list.map((update) => ({ ...update, file: contents.get(update.file) })),
    ]);
    return createHash("sha256").update(this.source.identity(cacheDir)).update(JSON.stringify(updates)).digest("hex");
  }

  close(): void {
    for (const weights of [this.source, ...this.files.values()]) weights.close();
  }
}
