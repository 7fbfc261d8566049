import { createHash } from "node:crypto";
import { tensorMissing } from "../../errors/checkpoint";
import { type DType, itemSize, sizeOf, type Tensor } from "../../tensor";
import { checkRows, checkShape } from "../checkpoint/check-entry";
import { viewAs } from "../checkpoint/dtypes";
import { toFloat32 } from "../checkpoint/to-float32";
import type { OpenWeights, StoredAs, TensorEntry } from "../checkpoint/weight-source";
import type { PackedWeight } from "./packed-weight";

/** One tensor of a format, as models see it. */
export interface FormatTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Path of the file that holds it, and where it begins there. */
  readonly file: string;
  readonly offset: number;
  /** Elements of `dtype`, little-endian, of some rows (slices of the first axis; a tensor without axes is one row). */
  readRows(first: number, count: number): Uint8Array;
  readonly packed?: PackedWeight;
  readonly stored?: StoredAs;
  /**
   * For a form that does not tell its shape: the tensor, read as one of the shape that a model asks for.
   * @returns `undefined` where it cannot be one
   */
  fit?(shape: readonly number[]): FormatTensor | undefined;
}

export interface FormatWeightsParts {
  /** The format's name: `gguf`; missing for what core reads. */
  readonly format?: string;
  /** Counts up when a reader gives other values than before: what was compiled with the old ones is compiled again. */
  readonly revision: number;
  /** What else decides on the values than the files: a config's words. */
  readonly settings?: unknown;
  /** By the names that they had before they were packed. */
  readonly tensors: ReadonlyMap<string, FormatTensor>;
  /** What they are read from: the stored safetensors, or a `BinaryFile`. Closed with them. */
  readonly origin: Pick<OpenWeights, "identity" | "close" | "unread" | "metadata">;
  /** What the file says of itself, where `origin` does not know it. */
  readonly metadata?: OpenWeights["metadata"];
}

/** The weights of a format that core does not read. Checks, conversions and identity are done here. */
export class FormatWeights implements OpenWeights {
  readonly layout = "diffusers";
  readonly format: string | undefined;
  readonly names: readonly string[];
  readonly metadata: OpenWeights["metadata"];
  readonly unread: ReadonlyMap<string, string> | undefined;
  /** Tensors in the shapes that models asked for. */
  private readonly fitted = new Map<string, FormatTensor>();

  constructor(private readonly parts: FormatWeightsParts) {
    this.format = parts.format;
    this.metadata = parts.metadata ?? parts.origin.metadata;
    this.names = [...parts.tensors.keys()];
    this.unread = parts.origin.unread;
  }

  has(name: string): boolean {
    return this.parts.tensors.has(name);
  }

  entry(name: string): TensorEntry {
    const { dtype, shape, file, offset } = this.tensor(name);
    return { name, dtype, shape, file, offset, byteLength: sizeOf(shape) * itemSize[dtype] };
  }

  expect(name: string, shape: readonly number[]): TensorEntry {
    const tensor = this.tensor(name);
    const fitted = tensor.shape.join() === shape.join() ? undefined : tensor.fit?.(shape);
    if (fitted) this.fitted.set(name, fitted);
    return checkShape(this.entry(name), shape);
  }

  read(name: string): Tensor {
    const { dtype, shape } = this.tensor(name);
    return { dtype, shape, data: viewAs(this.readAll(name), dtype) };
  }

  readFloat32(name: string): Float32Array {
    const { dtype } = this.tensor(name);
    const bytes = this.readAll(name);
    return dtype === "float32" ? (viewAs(bytes, dtype) as Float32Array) : toFloat32(bytes, dtype);
  }

  readRows(name: string, firstRow: number, rowCount: number): Uint8Array {
    checkRows(this.entry(name), firstRow, rowCount);
    return this.tensor(name).readRows(firstRow, rowCount);
  }

  packed(name: string): PackedWeight | undefined {
    return this.tensor(name).packed;
  }

  stored(name: string): StoredAs | undefined {
    return this.tensor(name).stored;
  }

  identity(cacheDir: string): string {
    const { format, revision, settings, origin } = this.parts;
    return createHash("sha256")
      .update(origin.identity(cacheDir))
      .update(JSON.stringify([format, revision, ...(settings === undefined ? [] : [settings])]))
      .digest("hex");
  }

  close(): void {
    this.parts.origin.close();
  }

  private readAll(name: string): Uint8Array {
    const { shape, readRows } = this.tensor(name);
    return readRows(0, shape[0] ?? 1);
  }

  private tensor(name: string): FormatTensor {
    const tensor = this.fitted.get(name) ?? this.parts.tensors.get(name);
    if (tensor) return tensor;
    throw tensorMissing(name, [...new Set([...this.parts.tensors.values()].map(({ file }) => file))], this.names);
  }
}

/** A tensor that a format leaves as it is stored. */
export function plainTensor(source: OpenWeights, name: string): FormatTensor {
  const { dtype, shape, file, offset } = source.entry(name);
  return { dtype, shape, file, offset, readRows: (first, count) => source.readRows(name, first, count) };
}
