import { createHash } from "node:crypto";
import { tensorMissing } from "../../errors/checkpoint";
import type { SourceTensor } from "../checkpoint/source-tensor";
import { TensorWeights } from "../checkpoint/tensor-weights";
import type { OpenWeights } from "../checkpoint/weight-source";

/** One tensor of a format, as models see it. */
export type FormatTensor = SourceTensor;

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
export class FormatWeights extends TensorWeights implements OpenWeights {
  readonly layout = "diffusers";
  readonly format: string | undefined;
  readonly names: readonly string[];
  readonly metadata: OpenWeights["metadata"];
  readonly unread: ReadonlyMap<string, string> | undefined;

  constructor(private readonly parts: FormatWeightsParts) {
    super();
    this.format = parts.format;
    this.metadata = parts.metadata ?? parts.origin.metadata;
    this.names = [...parts.tensors.keys()];
    this.unread = parts.origin.unread;
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

  protected tensor(name: string): FormatTensor {
    const tensor = this.parts.tensors.get(name);
    if (tensor) return tensor;
    throw tensorMissing(name, [...new Set([...this.parts.tensors.values()].map(({ file }) => file))], this.names);
  }
}

/** A tensor that a format leaves as it is stored. */
export function plainTensor(source: OpenWeights, name: string): FormatTensor {
  const { dtype, shape, file, offset } = source.entry(name);
  return { dtype, shape, file, offset, readRows: (first, count) => source.readRows(name, first, count) };
}
