import { flag } from "../schema/option";
import { betaSchemas, linearBetas } from "./betas";
import { defineScheduler } from "./define-scheduler";
import { predictedNoise, predictionSchema } from "./prediction";
import { mixtureOf, signalAt, variancePreserving } from "./signal-level";
import { spacingSchemas, wholeTimesteps } from "./spacing";
import { type Term, weightedSum, weightedSumOver } from "./weighted-sum";

/** Weights of the last outputs, newest first: Adams-Bashforth of orders 1 to 4. */
const adamsBashforth = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]];

/** Weights of the four calls of a Runge-Kutta step. */
const rungeKutta = [1 / 6, 1 / 3, 1 / 3, 1 / 6];

/**
 * PNDM, https://arxiv.org/abs/2202.09778: formula 11 moves along a curve of constant noise, formulas 12 and 13 take
 * the noise from the last four outputs (PLMS) or from four calls (PRK, the first three steps).
 *
 * | here    | paper       | is                                  |
 * | ------- | ----------- | ----------------------------------- |
 * | alpha   | alpha-bar_t | share of the signal's power left    |
 * | outputs | e_t, e_t-d… | last predictions, newest first      |
 */
export const pndm = defineScheduler({
  className: "PNDMScheduler",
  processes: ["variance-preserving"],
  options: {
    ...betaSchemas(linearBetas),
    ...spacingSchemas("leading"),
    // Instead of three of four calls each, one step in two halves.
    skip_prk_steps: flag(false, "Start without Runge-Kutta steps, as Stable Diffusion does."),
    set_alpha_to_one: flag(false, "The last step goes to a clean image instead of to timestep 0's noise."),
    prediction_type: predictionSchema(["epsilon", "v_prediction"]),
  },
  create(options, schedule) {
    const { num_train_timesteps: train, skip_prk_steps } = options;
    const steps = schedule.steps([], train);
    if (!skip_prk_steps && steps < 4) {
      throw schedule.invalid(`Runge-Kutta steps need num_inference_steps of at least 4, found ${steps}.`);
    }
    const alphaAt = signalAt(options);
    const stride = Math.floor(train / steps);
    const half = Math.floor(stride / 2);
    const rising = [...wholeTimesteps(options, schedule)].reverse();
    const prk = skip_prk_steps ? [] : rungeKuttaTimesteps(rising.slice(-4), half);
    const plms = skip_prk_steps
      ? [...rising.slice(0, -1), ...rising.slice(-2, -1), ...rising.slice(-1)]
      : rising.slice(0, -3);
    const timesteps = Float32Array.from([...prk, ...plms.reverse()]);
    let outputs: Float32Array[] = [];
    let calls = 0;
    /** Where the current step of several calls began. */
    let start: Float32Array | undefined;
    /** Weighted outputs of a Runge-Kutta step so far. */
    let gathered: Term[] = [];

    /** Formula 11. */
    const move = (sample: Float32Array, from: number, to: number, output: Float32Array): Float32Array => {
      const alpha = alphaAt(from);
      const next = alphaAt(to);
      const noise = predictedNoise(options.prediction_type, mixtureOf(alpha), sample, output);
      const divisor = alpha * Math.sqrt(1 - next) + Math.sqrt(alpha * (1 - alpha) * next);
      return weightedSum([Math.sqrt(next / alpha), sample], [-1, weightedSumOver(divisor, [next - alpha, noise])]);
    };
    /** Calls 0 and 1 try half a step, call 2 a whole one, and call 3 makes it from all four outputs. */
    const rungeKuttaStep = (call: number, index: number, sample: Float32Array, output: Float32Array): Float32Array => {
      const phase = call % 4;
      if (phase === 0) {
        start = sample;
        outputs = [output, ...outputs].slice(0, 4);
        gathered = [];
      }
      gathered.push([rungeKutta[phase]!, output]);
      const used = phase === 3 ? weightedSum(...(gathered as [Term, ...Term[]])) : output;
      const ahead = call % 2 === 0 ? half : 0;
      return move(start!, timesteps[index - phase]!, timesteps[index]! - ahead, used);
    };
    const multistep = (call: number, index: number, sample: Float32Array, output: Float32Array): Float32Array => {
      const timestep = timesteps[index]!;
      if (call === 1) {
        // The first step again, with the mean of the outputs at both of its ends.
        const mean = weightedSum([0.5, output], [0.5, outputs[0]!]);
        return move(start ?? sample, timestep + stride, timestep, mean);
      }
      outputs = [output, ...outputs].slice(0, 4);
      if (call === 0) start = sample;
      const weights = adamsBashforth[outputs.length - 1]!;
      const terms = outputs.map((values, i): Term => [weights[i]!, values]);
      return move(sample, timestep, timestep - stride, weightedSum(...(terms as [Term, ...Term[]])));
    };
    return {
      ...variancePreserving(timesteps, [...timesteps, -1].map(alphaAt)),
      step({ index, sample, output }) {
        const call = calls++;
        if (call >= prk.length) return multistep(call, index, sample, output);
        if (call === index) return rungeKuttaStep(call, index, sample, output);
        throw schedule.invalid("image-to-image cannot start with Runge-Kutta steps. Set skip_prk_steps to true.");
      },
    };
  },
});

/** Calls of three Runge-Kutta steps: each at its start, twice in the middle, at its end. */
function rungeKuttaTimesteps(last: readonly number[], half: number): number[] {
  const points = last.flatMap((timestep) => [timestep, timestep + half]);
  return points
    .slice(0, -1)
    .flatMap((point) => [point, point])
    .slice(1, -1)
    .reverse();
}
