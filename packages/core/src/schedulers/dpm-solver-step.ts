import { choice, type OptionSchema } from "../schema/option";
import { logSnrStep } from "./log-snr-step";
import type { Mixture } from "./prediction";
import { type Term, weightedSum, weightedSumOver } from "./weighted-sum";

/** A step of DPM-Solver from one mixture to another: what each part of the prediction is multiplied by. */
export interface DpmSolverStep {
  /** How far lambda grows; 0 leaves the sample as it is. */
  readonly h: number;
  readonly keep: number;
  /** Of the prediction itself. */
  readonly value: number;
  /** Of its first derivative by lambda in units of h: as the midpoint method and as Heun's have it. */
  readonly middle: number;
  readonly slope: number;
  /** Of its second derivative. */
  readonly bend: number;
  /** Of the noise that the SDE draws. */
  readonly deviation: number;
}

/** `logrho`, `bh1` and `bh2` are read as `midpoint`. */
export type DpmSolverType = "midpoint" | "heun" | "logrho" | "bh1" | "bh2";

export function solverTypeSchema(description = "Solver of order 2."): OptionSchema<DpmSolverType> {
  return choice("midpoint", ["midpoint", "heun", "logrho", "bh1", "bh2"], description);
}

const { fround } = Math;

/**
 * Factors are the papers' phi functions (https://arxiv.org/abs/2206.00927, https://arxiv.org/abs/2211.01095), in float32
 * as the reference: of a short step, rounding is a good part of these. For the SDE the drift is twice as strong; the
 * noise makes up for the half that is too much.
 */
export function dpmSolverStep(
  from: Mixture,
  to: Mixture,
  predicted: "image" | "noise",
  isStochastic: boolean,
): DpmSolverStep {
  const { h, keep, gain: once, z: exponent } = logSnrStep(from, to, predicted);
  const isImage = predicted === "image";
  const gain = isStochastic && !isImage ? 2 * once : once;
  const z = isStochastic && isImage ? 2 * exponent : exponent;
  const phi = fround(fround(Math.exp(z)) - 1);
  const phi1 = fround(fround(phi / z) - 1);
  // The expansion has -1/2; for the SDE the reference has the other sign.
  const phi2 = fround(fround(phi - z) / fround(z ** 2)) + (isStochastic ? 0.5 : -0.5);
  return {
    h,
    keep: isStochastic && isImage ? keep * Math.exp(-h) : keep,
    value: -gain * phi,
    middle: (-gain * phi) / 2,
    slope: -gain * phi1,
    bend: -gain * phi2,
    deviation: to.sigma * Math.sqrt(Math.abs(Math.expm1(2 * exponent))),
  };
}

/**
 * What a multistep method adds to the sample.
 * @param outputs last predictions, newest first, at least `order` @param r0 from the one before to the newest, in units
 *   of h @param r1 from the one before that; asked for in order 3
 */
export function multistepTerms(
  step: DpmSolverStep,
  order: number,
  type: DpmSolverType,
  [now, before, earlier]: readonly Float32Array[],
  r0: () => number,
  r1: () => number,
): Term[] {
  const value: Term = [step.value, now!];
  if (order === 1) return [value];
  const near = r0();
  const slope = weightedSumOver(near, [1, now!], [-1, before!]);
  if (order === 2) return [value, [type === "heun" ? step.slope : step.middle, slope]];
  const far = r1();
  const bend = weightedSumOver(near + far, [1, slope], [-1, weightedSumOver(far, [1, before!], [-1, earlier!])]);
  return [value, [step.slope, weightedSum([1, slope], [near, bend])], [step.bend, bend]];
}

/** The same of a method in single steps: the first prediction of the step, and how it changes by the later ones.
 * @param outputs predictions of this step, newest first @param r0 from the step's start to the newest, in units of h
 * @param r1 from there to the second; asked for by Heun's in order 3
 */
export function singlestepTerms(
  step: DpmSolverStep,
  order: number,
  type: DpmSolverType,
  outputs: readonly Float32Array[],
  r0: () => number,
  r1: () => number,
): Term[] {
  const first = outputs[order - 1]!;
  const value: Term = [step.value, first];
  if (order === 1) return [value];
  const far = r0();
  const whole = weightedSumOver(far, [1, outputs[0]!], [-1, first]);
  if (order === 2) return [value, [type === "heun" ? step.slope : step.middle, whole]];
  if (type !== "heun") return [value, [step.slope, whole]];
  const close = r1();
  const near = weightedSumOver(close, [1, outputs[1]!], [-1, first]);
  const slope = weightedSumOver(far - close, [far, near], [-close, whole]);
  const bend = weightedSumOver(far - close, [2, whole], [-2, near]);
  return [value, [step.slope, slope], [step.bend, bend]];
}

/** What the SDE adds. @param noise undefined for the ODE */
export function drawn(step: DpmSolverStep, noise: Float32Array | undefined): Term[] {
  return noise === undefined ? [] : [[step.deviation, noise]];
}
