import { createHash } from "node:crypto";
import { type SourceTensor, tensorIn } from "../checkpoint/source-tensor";
import { TensorWeights } from "../checkpoint/tensor-weights";
import { toFloat32 } from "../checkpoint/to-float32";
import { type OpenWeights, type TensorEntry, Weights } from "../checkpoint/weights";
import type { LearnedVectors } from "./textual-inversion";

/** Weights of a text encoder with learned vectors behind the embeddings of its tokens, which are float32 then. */
export class ExtendedWeights extends TensorWeights implements OpenWeights {
  readonly names: readonly string[];
  readonly layout: string;
  readonly format: string | undefined;

  private constructor(
    private readonly source: OpenWeights,
    private readonly embedding: string,
    private readonly added: readonly LearnedVectors[],
    /** By path. */
    private readonly files: ReadonlyMap<string, Weights>,
  ) {
    super();
    this.names = source.names;
    this.layout = source.layout;
    this.format = source.format;
  }

  /** Opens the files of the vectors. @param source is closed with them, and when one cannot be opened */
  static open(source: OpenWeights, embedding: string, added: readonly LearnedVectors[]): ExtendedWeights {
    const files = new Map<string, Weights>();
    try {
      for (const { file } of added) if (!files.has(file)) files.set(file, Weights.openFile(file));
      return new ExtendedWeights(source, embedding, added, files);
    } catch (error) {
      for (const weights of [source, ...files.values()]) weights.close();
      throw error;
    }
  }

  /** The source fits its tensor, before anything is added to it. */
  override expect(name: string, shape: readonly number[]): TensorEntry {
    const [rows = 0, ...rest] = shape;
    this.source.expect(name, name === this.embedding ? [rows - this.count, ...rest] : shape);
    return this.entry(name);
  }

  /** Of the weights, and of what is added. */
  identity(cacheDir: string): string {
    const contents = this.added.map(({ file, tensor }) => [this.files.get(file)!.identity(cacheDir), tensor]);
    return createHash("sha256").update(this.source.identity(cacheDir)).update(JSON.stringify(contents)).digest("hex");
  }

  close(): void {
    for (const weights of [this.source, ...this.files.values()]) weights.close();
  }

  protected tensor(name: string): SourceTensor {
    const tensor = tensorIn(this.source, name);
    if (name !== this.embedding) return tensor;
    const [rows, width] = tensor.shape as [number, number];
    const { file, offset, dtype } = tensor;
    const shape = [rows + this.count, width];
    const readRows = (first: number, count: number): Uint8Array => {
      const values = new Float32Array(count * width);
      const own = Math.max(0, Math.min(rows - first, count));
      if (own > 0) values.set(toFloat32(tensor.readRows(first, own), dtype));
      if (own < count) {
        const begin = (first + own - rows) * width;
        values.set(this.vectors().subarray(begin, begin + (count - own) * width), own * width);
      }
      return new Uint8Array(values.buffer);
    };
    return { dtype: "float32", shape, file, offset, readRows };
  }

  private get count(): number {
    return this.added.reduce((sum, { count }) => sum + count, 0);
  }

  private vectors(): Float32Array {
    return Float32Array.from(this.added.flatMap(({ file, tensor }) => [...this.files.get(file)!.readFloat32(tensor)]));
  }
}
