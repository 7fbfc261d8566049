import { type SourceTensor, tensorIn } from "./source-tensor";
import { TensorWeights } from "./tensor-weights";
import type { TensorEntry, WeightSource } from "./weight-source";

/** Weights that remember which of their tensors were asked for: what a graph has no use for is left. */
export class AskedWeights extends TensorWeights {
  private readonly asked = new Set<string>();
  readonly format: string | undefined;
  readonly names: readonly string[];

  constructor(private readonly source: WeightSource) {
    super();
    this.format = source.format;
    this.names = source.names;
  }

  /** Names that were not asked for, in the files' order. */
  left(): string[] {
    return this.names.filter((name) => !this.asked.has(name));
  }

  /** The source fits its tensor, so that whoever asks the source itself next finds the same. */
  override expect(name: string, shape: readonly number[]): TensorEntry {
    this.asked.add(name);
    return this.source.expect(name, shape);
  }

  identity(cacheDir: string): string {
    return this.source.identity(cacheDir);
  }

  protected tensor(name: string): SourceTensor {
    this.asked.add(name);
    return tensorIn(this.source, name);
  }
}
