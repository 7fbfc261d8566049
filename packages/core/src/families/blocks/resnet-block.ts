import type { Graph } from "../../graph/graph";
import { conv2d, groupNorm, linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { type Activation, activate } from "./activation";

/** What residual blocks of one model share. */
export interface ResnetOptions {
  readonly activation: Activation;
  readonly groups: number;
  readonly eps: number;
  /** Timestep embedding after its activation, `[B, D]`; autoencoders have none. */
  readonly time?: Value;
  /** `scale_shift` modulates the second norm's output, `default` adds to its input. */
  readonly timeScaleShift?: TimeScaleShift;
  /** What the sum is divided by. */
  readonly outputScale?: number;
  /** Changes height and width of both branches before the first convolution. */
  readonly resample?: (g: Graph, x: Value) => Value;
}

/** How a block is told of the time: `resnet_time_scale_shift` of config.json. */
export type TimeScaleShift = "default" | "scale_shift";

/**
 * Residual block of two 3x3 convolutions, https://arxiv.org/abs/2006.11239, appendix B; its modulated and resampling
 * forms are from https://arxiv.org/abs/2105.05233, section 3.
 * @param x `[B, C, H, W]` @returns `[B, width, H', W']`
 */
export function resnetBlock(g: Graph, x: Value, width: number, options: ResnetOptions): Value {
  const { activation, groups, eps, outputScale = 1, resample = (_g, value) => value } = options;
  const normal = activate(g, activation, groupNorm(g, "norm1", x, groups, eps));
  const input = resample(g, x);
  const convolved = conv2d(g, "conv1", resample(g, normal), width, 3, { padding: 1 });
  const timed = activate(g, activation, timedNorm(g, convolved, width, options));
  const branch = conv2d(g, "conv2", timed, width, 3, { padding: 1 });
  const sum = g.add(input.shape[1] === width ? input : conv2d(g, "conv_shortcut", input, width, 1), branch);
  return outputScale === 1 ? sum : g.div(sum, g.constant(outputScale));
}

/** The second norm, and how the timestep comes in. @param x `[B, width, H, W]` */
function timedNorm(g: Graph, x: Value, width: number, options: ResnetOptions): Value {
  const { groups, eps, time, timeScaleShift = "default" } = options;
  if (!time) return groupNorm(g, "norm2", x, groups, eps);
  const parts = timeScaleShift === "scale_shift" ? 2 : 1;
  const projected = linear(g, "time_emb_proj", time, parts * width);
  const perChannel = g.reshape(projected, [time.shape[0]!, parts * width, 1, 1]); // [B, parts width, 1, 1]
  if (parts === 1) return groupNorm(g, "norm2", g.add(x, perChannel), groups, eps);
  const [scale, shift] = g.chunk(perChannel, 2, 1) as [Value, Value];
  return g.add(g.mul(groupNorm(g, "norm2", x, groups, eps), g.onePlus(scale)), shift);
}
