/** Maps the numbers of one axis to pixels. */
export interface Scale {
  readonly ticks: readonly number[];
  place(value: number): number;
}

/** Round numbers that cover the values, and where they lie. @param pixels of the first and the last tick */
export function linearScale(values: readonly number[], pixels: readonly [number, number], count = 5): Scale {
  const known = values.filter(Number.isFinite);
  const [low, high] = known.length === 0 ? [0, 1] : [Math.min(...known), Math.max(...known)];
  const step = roundStep((high - low || Math.abs(high) || 1) / count);
  const [first, last] = [
    Math.floor(low / step + 1e-9),
    Math.max(Math.ceil(high / step - 1e-9), Math.floor(low / step) + 1),
  ];
  const [begin, end] = pixels;
  return {
    ticks: Array.from({ length: last - first + 1 }, (_, i) => round((first + i) * step)),
    place: (value) => round(begin + ((value / step - first) / (last - first)) * (end - begin)),
  };
}

/** The steps of a generation, from 1, each in the middle of a cell of the same width. */
export interface StepScale extends Scale {
  readonly count: number;
  /** Pixels. */
  readonly cell: number;
}

/** @param pixels of the first step's begin and the last one's end */
export function stepScale(count: number, [begin, end]: readonly [number, number]): StepScale {
  const cell = (end - begin) / Math.max(1, count);
  const every = Math.max(1, roundStep(count / 10));
  const steps = Array.from({ length: count }, (_, i) => i + 1);
  return {
    count,
    cell,
    ticks: steps.filter((step) => step === 1 || (step % every === 0 && (every === 1 || step > every / 2))),
    place: (step) => round(begin + (step - 0.5) * cell),
  };
}

/** The next 1, 2 or 5 of a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= least * (1 - 1e-9))!;
}

/** Without the noise of binary fractions. */
function round(value: number): number {
  return Number(value.toPrecision(6));
}
