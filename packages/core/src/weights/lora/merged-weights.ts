import { createHash } from "node:crypto";
import { rowLength, type SourceTensor, tensorIn } from "../checkpoint/source-tensor";
import { TensorWeights } from "../checkpoint/tensor-weights";
import { type OpenWeights, type TensorEntry, Weights } from "../checkpoint/weights";
import { addUpdates, type WeightUpdate } from "./add-update";

/** By the names of the weights that are changed. */
export type WeightUpdates = ReadonlyMap<string, readonly WeightUpdate[]>;

/** Weights with LoRAs added to them when they are read. What is changed is float32, so that nothing is rounded away. */
export class MergedWeights extends TensorWeights implements OpenWeights {
  readonly names: readonly string[];
  readonly layout: string;
  readonly format: string | undefined;

  private constructor(
    private readonly source: OpenWeights,
    private readonly updates: WeightUpdates,
    /** The LoRAs, by path. */
    private readonly files: ReadonlyMap<string, Weights>,
  ) {
    super();
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

  /** The source fits its tensor, before anything is added to it. */
  override expect(name: string, shape: readonly number[]): TensorEntry {
    this.source.expect(name, shape);
    return this.entry(name);
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

  /** Of a changed tensor, `file` and `offset` are where it lies unchanged; it is packed no more. */
  protected tensor(name: string): SourceTensor {
    const tensor = tensorIn(this.source, name);
    const updates = this.updates.get(name);
    if (!updates) return tensor;
    const { shape, file, offset } = tensor;
    const length = rowLength({ dtype: "float32", shape });
    const readFloat32 = (): Float32Array => {
      const values = this.source.readFloat32(name);
      addUpdates(values, shape, updates, (path) => this.files.get(path)!);
      return values;
    };
    const readRows = (first: number, count: number): Uint8Array =>
      new Uint8Array(readFloat32().buffer, first * length, count * length);
    return { dtype: "float32", shape, file, offset, readFloat32, readRows };
  }
}
