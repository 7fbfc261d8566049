/** What a figure must be: at most or at least so much. */
export type Target = { readonly most: number } | { readonly least: number };

/** One measured number. */
export interface Figure {
  /** `command start to PNG, engine cached` */
  readonly what: string;
  readonly value: number;
  readonly unit: "s" | "ms" | "%" | "times" | "dB" | "GB" | "bytes" | "GFLOP/s" | "ppm";
  /** Left out where the figure only explains another. */
  readonly target?: Target;
}

/** Tells how far a benchmark is. */
export type Say = (line: string) => void;

export interface Benchmark {
  readonly name: string;
  /** One sentence: what is measured, and how. */
  readonly about: string;
  run(say: Say): Promise<readonly Figure[]>;
}

export function isMet({ value, target }: Figure): boolean {
  if (!target) return true;
  return "most" in target ? value <= target.most : value >= target.least;
}

/** `0.42 ms` */
export function quantity(value: number, unit: Figure["unit"]): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${value.toFixed(digits)}${unit === "%" ? "" : " "}${unit}`;
}

/** `<= 0.50 ms` */
export function targetText({ target, unit }: Figure): string {
  if (!target) return "";
  return "most" in target ? `<= ${quantity(target.most, unit)}` : `>= ${quantity(target.least, unit)}`;
}
