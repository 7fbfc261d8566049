import { type Floats, floats } from "@skipstep/core/plugin";
import { levelsTooMany } from "../errors";
import { isNeutral } from "../scales";
import type { Guider, Moment } from "./guider";
import { project } from "./project";
import { cropped, joined, type Plane, padded, pyramidOf } from "./pyramid";
import { rescaleItem } from "./rescale";

/** Channels of one image. */
type Channels = readonly Plane[];

/**
 * Frequency-decoupled guidance, https://arxiv.org/abs/2506.19713: each level of a Laplacian pyramid has a scale of its
 * own. Sizes that a pyramid cannot halve are padded for it and cropped afterwards.
 */
export const frequencyDecoupled: Guider = (cond, uncond, moment) => {
  const { guidance_scales: scales } = moment.options;
  const [batch, channels, height, width] = cond.shape as [number, number, number, number];
  const levels = scales.length;
  if (levels > 1 && Math.min(height, width) / 2 ** (levels - 2) < 3) throw levelsTooMany(levels, height, width);
  const result = floats(cond.shape);
  for (let item = 0; item < batch; item++) {
    const [wanted, avoided] = [cond, uncond].map((tensor) => pyramids(tensor, item, levels)) as [
      Channels[],
      Channels[],
    ];
    const guided = scales.map((_, level) => guideLevel(wanted[level]!, avoided[level]!, level, moment));
    for (let channel = 0; channel < channels; channel++) {
      const plane = joined(guided.map((level) => level[channel]!));
      const place = (item * channels + channel) * height * width;
      result.data.set(cropped(plane, height, width).data, place);
    }
  }
  return result;
};

/** Each level of an image's channels. */
function pyramids({ shape, data }: Floats, item: number, levels: number): Channels[] {
  const [, channels, height, width] = shape as [number, number, number, number];
  const size = height * width;
  const ofChannels = Array.from({ length: channels }, (_, channel) => {
    const begin = (item * channels + channel) * size;
    const plane = { height, width, data: Float64Array.from(data.subarray(begin, begin + size)) };
    return pyramidOf(padded(plane, levels), levels);
  });
  return Array.from({ length: levels }, (_, level) => ofChannels.map((pyramid) => pyramid[level]!));
}

function guideLevel(wanted: Channels, avoided: Channels, level: number, { options, fromCond }: Moment): Channels {
  const scale = options.guidance_scales[level]!;
  if (isNeutral(scale, fromCond)) return wanted;
  const [cond, uncond] = [wanted, avoided].map(flat) as [Float64Array, Float64Array];
  let shift = cond.map((x, i) => x - uncond[i]!);
  const weight = ofLevel(options.parallel_weights ?? 1, level);
  if (weight !== 1) {
    const { parallel, orthogonal } = project(shift, cond, new Int32Array(shift.length));
    shift = orthogonal.map((x, i) => x + weight * parallel[i]!);
  }
  const guided = (fromCond ? cond : uncond).map((x, i) => x + scale * shift[i]!);
  const share = options.guidance_rescale_space === "freq" ? ofLevel(options.guidance_rescale, level) : 0;
  if (share > 0) rescaleItem(guided, cond, share);
  const size = guided.length / wanted.length;
  return wanted.map((plane, i) => ({ ...plane, data: guided.subarray(i * size, (i + 1) * size) }));
}

function flat(channels: Channels): Float64Array {
  const size = channels[0]!.data.length;
  const result = new Float64Array(channels.length * size);
  for (const [i, { data }] of channels.entries()) result.set(data, i * size);
  return result;
}

function ofLevel(values: number | readonly number[], level: number): number {
  return typeof values === "number" ? values : values[level]!;
}
