import { type Floats, floats } from "@skipstep/core/plugin";
import { axisUnknown } from "../errors";
import { classifierFree } from "./classifier-free";
import type { Guider, Moment } from "./guider";
import { project } from "./project";

/** What the options come to, where the two guiders' defaults differ. */
interface Projection {
  readonly momentum: number | null;
  /** Most length of the direction; 0 for no limit. */
  readonly longest: number;
  readonly eta: number;
  readonly axes: readonly number[] | null;
}

/**
 * APG, https://arxiv.org/abs/2410.02416: the direction of guidance has a momentum and a longest length, and what of it
 * lies along the prompt's prediction, which saturates images, counts less.
 */
export const adaptiveProjected: Guider = (cond, uncond, moment) => {
  const { options } = moment;
  const axes = options.adaptive_projected_guidance_norm_dim;
  return projected(cond, uncond, moment, moment.scale, {
    momentum: options.adaptive_projected_guidance_momentum,
    longest: options.adaptive_projected_guidance_rescale ?? 15,
    eta: options.eta ?? 1,
    axes: typeof axes === "number" ? [axes] : axes,
  });
};

/** Plain guidance at first, which feeds the momentum; then projected, with a scale of its own. */
export const adaptiveProjectedMix: Guider = (cond, uncond, moment) => {
  const { index, fromCond, options } = moment;
  const own = options.adaptive_projected_guidance_scale;
  const projection: Projection = {
    momentum: options.adaptive_projected_guidance_momentum ?? -0.5,
    longest: options.adaptive_projected_guidance_rescale ?? 10,
    eta: options.eta ?? 0,
    axes: null,
  };
  const projects = index > options.adaptive_projected_guidance_start_step && own !== (fromCond ? 0 : 1);
  if (projects) return projected(cond, uncond, moment, own, projection);
  direction(cond, uncond, moment, projection.momentum);
  return classifierFree(cond, uncond, moment);
};

function projected(cond: Floats, uncond: Floats, moment: Moment, scale: number, projection: Projection): Floats {
  const { eta, longest, axes } = projection;
  const groups = groupsOf(cond.shape, axes);
  const shift = direction(cond, uncond, moment, projection.momentum).slice();
  if (longest > 0) limit(shift, groups, longest);
  const { parallel, orthogonal } = project(shift, cond.data, groups);
  const result = floats(cond.shape);
  const base = moment.fromCond ? cond : uncond;
  for (let i = 0; i < shift.length; i++) result.data[i] = base.data[i]! + scale * (orthogonal[i]! + eta * parallel[i]!);
  return result;
}

/** From the negative prompt's prediction to the prompt's, with the momentum of the steps before. */
function direction(cond: Floats, uncond: Floats, { memory }: Moment, momentum: number | null): Float64Array {
  const shift = Float64Array.from(cond.data, (x, i) => x - uncond.data[i]!);
  if (momentum === null) return shift;
  const { average } = memory;
  if (average) for (let i = 0; i < shift.length; i++) shift[i]! += momentum * average[i]!;
  memory.average = shift;
  return shift;
}

/** Makes groups of elements that are longer than a length as long as that. */
function limit(shift: Float64Array, groups: Int32Array, longest: number): void {
  const squares = new Float64Array(shift.length);
  for (let i = 0; i < shift.length; i++) squares[groups[i]!]! += shift[i]! ** 2;
  for (let i = 0; i < shift.length; i++) shift[i]! *= Math.min(1, longest / Math.sqrt(squares[groups[i]!]!));
}

/** A number for each element, the same for those that lengths are taken of together. @param axes all but the first when null */
function groupsOf(shape: readonly number[], axes: readonly number[] | null): Int32Array {
  const rank = shape.length;
  const unknown = axes?.find((axis) => axis < -rank || axis >= rank);
  if (unknown !== undefined) throw axisUnknown(unknown, shape);
  const together = axes?.map((axis) => (axis + rank) % rank) ?? shape.map((_, axis) => axis).slice(1);
  const groups = new Int32Array(shape.reduce((size, dim) => size * dim, 1));
  for (let i = 0; i < groups.length; i++) {
    let [rest, group, stride] = [i, 0, 1];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const at = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      if (together.includes(axis)) continue;
      group += at * stride;
      stride *= shape[axis]!;
    }
    groups[i] = group;
  }
  return groups;
}
