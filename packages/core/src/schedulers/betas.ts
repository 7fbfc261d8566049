import { choice, number, type OptionSchemas } from "../schema/option";
import { linspaceFloat32 } from "./linspace";
import { trainingSteps } from "./training-steps";

/** How much noise each of the training's steps added. */
export interface BetaOptions {
  num_train_timesteps: number;
  beta_start: number;
  beta_end: number;
  beta_schedule: BetaSchedule;
  /** The betas themselves, instead of a schedule. */
  trained_betas: readonly number[] | null;
}

export type BetaSchedule = "linear" | "scaled_linear" | "squaredcos_cap_v2" | "sigmoid" | "laplace" | "exp";

/** Schemas of the options that say how noise was added in training. @param defaults of the class in diffusers @param more schedules besides the usual three */
export function betaSchemas(
  defaults: Pick<BetaOptions, "beta_start" | "beta_end" | "beta_schedule">,
  more: readonly BetaSchedule[] = [],
): OptionSchemas<BetaOptions> {
  return {
    num_train_timesteps: trainingSteps(1000),
    beta_start: number(defaults.beta_start),
    beta_end: number(defaults.beta_end),
    beta_schedule: choice(defaults.beta_schedule, ["linear", "scaled_linear", "squaredcos_cap_v2", ...more]),
    trained_betas: { type: ["array", "null"], items: { type: "number" }, default: null },
  };
}

/** diffusers' defaults for most schedulers. */
export const linearBetas = { beta_start: 0.0001, beta_end: 0.02, beta_schedule: "linear" } as const;

/**
 * Share of the signal's power that is left after each training step (the paper's alpha-bar), float32 like the
 * reference: index 0 is nearly 1, the last nearly 0.
 *
 * @param zeroSnr shift the last one to exactly 0 (https://arxiv.org/abs/2305.08891, algorithm 1)
 */
export function alphasCumprod(options: BetaOptions, zeroSnr = false): Float32Array {
  const betas = zeroSnr ? rescaleToZeroSnr(betasOf(options)) : betasOf(options);
  return cumulativeProduct(betas.map((beta) => 1 - beta));
}

/** In double precision, each result rounded to float32, as torch does it. */
function cumulativeProduct(factors: Float32Array): Float32Array {
  let product = 1;
  return factors.map((factor) => {
    product *= factor;
    return product;
  });
}

function betasOf(options: BetaOptions): Float32Array {
  const { num_train_timesteps: count, beta_start: start, beta_end: end } = options;
  if (options.trained_betas !== null) return Float32Array.from(options.trained_betas);
  switch (options.beta_schedule) {
    case "linear":
      return linspaceFloat32(start, end, count);
    case "scaled_linear":
      return linspaceFloat32(Math.sqrt(start), Math.sqrt(end), count).map((root) => root * root);
    case "sigmoid":
      return linspaceFloat32(-6, 6, count)
        .map((x) => 1 / (1 + Math.exp(-x)))
        .map((share) => share * Math.fround(end - start))
        .map((beta) => beta + Math.fround(start));
    default:
      return betasFor(signalLeft[options.beta_schedule], count);
  }
}

/** Signal left at time 0..1 of the training's way from image to noise. */
const signalLeft = {
  squaredcos_cap_v2: (time: number) => Math.cos((((time + 0.008) / 1.008) * Math.PI) / 2) ** 2,
  exp: (time: number) => Math.exp(time * -12),
  laplace: (time: number) => {
    const logSnr = -0.5 * (time <= 0.5 ? 1 : -1) * Math.log(1 - 2 * Math.abs(0.5 - time) + 1e-6);
    const snr = Math.exp(logSnr);
    return Math.sqrt(snr / (1 + snr));
  },
};

function betasFor(signal: (time: number) => number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(1 - signal((i + 1) / count) / signal(i / count), 0.999),
  );
}

/** Keeps the first signal level, moves the last to 0, and scales those between. */
function rescaleToZeroSnr(betas: Float32Array): Float32Array {
  const roots = cumulativeProduct(betas.map((beta) => 1 - beta)).map(Math.sqrt);
  const first = roots[0]!;
  const last = roots[roots.length - 1]!;
  const scale = Math.fround(first / Math.fround(first - last));
  const signal = roots.map((root) => Math.fround(root - last) * scale).map((root) => root * root);
  return signal.map((now, i) => 1 - Math.fround(i === 0 ? now : now / signal[i - 1]!));
}
