import { choice, type OptionSchemas } from "../schema/option";

/** Shift by the image's size: larger images need more noise to lose the same detail. */
export interface DynamicShiftOptions {
  use_dynamic_shifting: boolean;
  time_shift_type: "exponential" | "linear";
}

export const timeShiftSchema: OptionSchemas<DynamicShiftOptions>["time_shift_type"] = choice(
  "exponential",
  ["exponential", "linear"],
  "Whether mu is the logarithm of the shift or the shift itself.",
);

/** Of DPM-Solver and DEIS, which know no other. */
export const exponentialShiftSchema = choice("exponential", ["exponential"]);

/**
 * `mu` for an image of `imageSeqLen` tokens: on the line through `(baseSeqLen, baseShift)` and
 * `(maxSeqLen, maxShift)`, as the pipelines of FLUX and Z-Image choose it.
 */
export function calculateShift(
  imageSeqLen: number,
  baseSeqLen = 256,
  maxSeqLen = 4096,
  baseShift = 0.5,
  maxShift = 1.15,
): number {
  const slope = (maxShift - baseShift) / (maxSeqLen - baseSeqLen);
  return imageSeqLen * slope + (baseShift - slope * baseSeqLen);
}

/** The same by a scheduler's options. @param options of the scheduler; what it has not got is as FLUX has it */
export function shiftOfImage(options: Readonly<Record<string, unknown>>, imageSeqLen: number): number {
  const { base_image_seq_len, max_image_seq_len, base_shift, max_shift } = options;
  const given = (option: unknown): number | undefined => (typeof option === "number" ? option : undefined);
  return calculateShift(
    imageSeqLen,
    given(base_image_seq_len),
    given(max_image_seq_len),
    given(base_shift),
    given(max_shift),
  );
}

/** Double, or `Math.fround` where the reference computes in float32. */
export type Rounding = (x: number) => number;

/** `shift * sigma / (1 + (shift - 1) * sigma)`, https://arxiv.org/abs/2403.03206, formula 23. */
export function shiftSigma(sigma: number, shift: number, round: Rounding = (x) => x): number {
  return round(round(shift * sigma) / round(1 + round(round(shift - 1) * sigma)));
}

/** The same shift given by `mu`: `shift = exp(mu)`, or `mu` itself when linear. */
export function shiftSigmaByMu(
  sigma: number,
  mu: number,
  type: DynamicShiftOptions["time_shift_type"],
  round: Rounding = (x) => x,
): number {
  const shift = round(type === "exponential" ? Math.exp(mu) : mu);
  return round(shift / round(shift + round(round(1 / sigma) - 1)));
}

/** Stretches levels so that the last one becomes `terminal`; the distance to 1 keeps its proportions. */
export function stretchToTerminal(sigmas: Float64Array, terminal: number, round: Rounding = (x) => x): Float64Array {
  const scale = round(round(1 - sigmas[sigmas.length - 1]!) / round(1 - terminal));
  return sigmas.map((sigma) => round(1 - round(round(1 - sigma) / scale)));
}
