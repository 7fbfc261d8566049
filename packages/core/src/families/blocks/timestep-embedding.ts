import type { Graph } from "../../graph/graph";
import { linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { type Activation, activate } from "./activation";

/** How timesteps become waves. */
export interface SinusoidOptions {
  /** Cosines before sines: diffusers' `flip_sin_to_cos`. */
  readonly cosFirst: boolean;
  /** Taken from the number of frequencies that spaces them: 0 never reaches 1 / 10000, 1 ends there. */
  readonly shift: number;
  /** What the angles are multiplied with, after they were rounded. */
  readonly scale?: number;
}

const MAX_PERIOD = 10_000;

/**
 * Sinusoids of a number, https://arxiv.org/abs/1706.03762, section 3.5.
 * @param t `[B]` @param channels even @returns `[B, channels]`
 */
export function sinusoids(
  g: Graph,
  t: Value,
  channels: number,
  { cosFirst, shift, scale = 1 }: SinusoidOptions,
): Value {
  const half = channels / 2;
  // float32 at each operation, as the reference rounds: the largest argument is above 1000.
  const step = Math.fround(-Math.log(MAX_PERIOD));
  const frequencies = Array.from({ length: half }, (_, i) =>
    Math.fround(Math.exp(Math.fround(Math.fround(step * i) / (half - shift)))),
  );
  const angles = g.mul(g.unsqueeze(t, 1), g.constant(frequencies, [1, half])); // [B, channels / 2]
  const scaled = scale === 1 ? angles : g.mul(angles, g.constant(scale));
  const [cos, sin] = [g.cos(scaled), g.sin(scaled)];
  return g.concat(cosFirst ? [cos, sin] : [sin, cos], 1);
}

/**
 * The MLP that timesteps, guidance and pooled prompts enter a model through; g is the module's scope.
 * @param x `[B, N]` @returns `[B, outFeatures]`
 */
export function embedCondition(
  g: Graph,
  x: Value,
  outFeatures: number,
  { activation = "silu", bias = true }: { readonly activation?: Activation; readonly bias?: boolean } = {},
): Value {
  const hidden = activate(g, activation, linear(g, "linear_1", x, outFeatures, { bias }));
  return linear(g, "linear_2", hidden, outFeatures, { bias });
}
