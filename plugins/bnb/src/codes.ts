/** The 4-bit types of bitsandbytes, https://arxiv.org/abs/2305.14314. */
export type FourBitType = "nf4" | "fp4";

const fp4Magnitudes = [0, 1 / 192, 8 / 12, 1, 4 / 12, 6 / 12, 2 / 12, 3 / 12];

/** What the codes stand for, as shares of their block's largest value. */
export const codeTables: Readonly<Record<FourBitType, Float32Array>> = {
  // Quantiles of the normal distribution.
  nf4: Float32Array.of(
    -1.0,
    -0.6961928009986877,
    -0.5250730514526367,
    -0.39491748809814453,
    -0.28444138169288635,
    -0.18477343022823334,
    -0.09105003625154495,
    0.0,
    0.07958029955625534,
    0.16093020141124725,
    0.24611230194568634,
    0.33791524171829224,
    0.44070982933044434,
    0.5626170039176941,
    0.7229568362236023,
    1.0,
  ),
  // A sign and three bits.
  fp4: Float32Array.from([...fp4Magnitudes, ...fp4Magnitudes.map((value) => -value)]),
};

/** A table in ascending order, with the values between which its codes change. */
export interface Nearest {
  readonly codes: readonly number[];
  readonly midpoints: Float32Array;
}

export function nearestIn(table: Float32Array): Nearest {
  // Of two zeros the later code counts less: it is never chosen.
  const codes = [...table.keys()].sort((a, b) => table[a]! - table[b]! || a - b);
  const sorted = codes.map((code) => table[code]!);
  const midpoints = Float32Array.from({ length: codes.length - 1 }, (_, i) => (sorted[i]! + sorted[i + 1]!) / 2);
  return { codes, midpoints };
}

/** Bins of the numbers from -1 to 1: so narrow that each holds one midpoint of a 4-bit table at most. */
const binCount = 4096;

/** `Nearest` for many numbers: the bin that a number falls into tells its code, but for one comparison. */
export interface Bins {
  /** Codes up to the bin's midpoint, and above it. */
  readonly low: Uint8Array;
  readonly high: Uint8Array;
  readonly midpoints: Float32Array;
}

export function binsOf(nearest: Nearest): Bins {
  const midpoints = new Float32Array(binCount).fill(2); // larger than any number
  for (const midpoint of nearest.midpoints) midpoints[binOf(midpoint)] = midpoint;
  const low = new Uint8Array(binCount);
  const high = new Uint8Array(binCount);
  let at = 0;
  for (let bin = 0; bin < binCount; bin++) {
    low[bin] = nearest.codes[at]!;
    if (midpoints[bin] !== 2) at++;
    high[bin] = nearest.codes[at]!;
  }
  return { low, high, midpoints };
}

/** Of a number from -1 to 1. */
export function binOf(value: number): number {
  return ((value + 1) * ((binCount - 1) / 2)) | 0;
}

/** The code of the nearest value; of two that are equally near, the lower one. */
export function nearestCode({ codes, midpoints }: Nearest, value: number): number {
  let [low, high] = [0, midpoints.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > midpoints[middle]!) low = middle + 1;
    else high = middle;
  }
  return codes[low]!;
}
