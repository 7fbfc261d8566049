import type { LinearInput } from "./collect-inputs";

/** What one input of linears was over many passes: its largest values, and some of its tokens. */
export class InputSample {
  readonly names: string[] = [];
  private readonly largest: Float32Array;
  /** Tokens of every `stride`-th pass. */
  private kept: Float32Array[] = [];
  private stride = 1;
  private passes = 0;

  /** @param columns channels @param most tokens to keep */
  constructor(
    private readonly columns: number,
    private readonly most: number,
  ) {
    this.largest = new Float32Array(columns);
  }

  /** @param largest `[columns]` @param rows `[T, columns]` of one pass */
  add(largest: Float32Array, rows: Float32Array): void {
    for (let k = 0; k < this.columns; k++) if (largest[k]! > this.largest[k]!) this.largest[k] = largest[k]!;
    if (this.passes++ % this.stride !== 0) return;
    this.kept.push(rows);
    if (this.kept.length * rows.length <= this.most * this.columns || this.kept.length === 1) return;
    this.kept = this.kept.filter((_, i) => i % 2 === 0);
    this.stride *= 2;
  }

  collected(): LinearInput {
    const { names, columns, largest, kept } = this;
    const rows = new Float32Array(kept.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of kept) {
      rows.set(part, at);
      at += part.length;
    }
    return { names, columns, largest, rows };
  }
}
