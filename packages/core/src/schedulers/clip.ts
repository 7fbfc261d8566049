import { flag, number, type OptionSchemas } from "../schema/option";

/** Keeps a predicted image in the range that images have. */
export interface ClipOptions {
  clip_sample: boolean;
  clip_sample_range: number;
}

/** Dynamic thresholding, https://arxiv.org/abs/2205.11487, section 2.3. */
export interface ThresholdOptions {
  thresholding: boolean;
  /** Which quantile of an image's absolute values becomes 1. */
  dynamic_thresholding_ratio: number;
  /** The most that this quantile may be. */
  sample_max_value: number;
}

/** Schemas of the options that clip a predicted image. @param clip whether it is clipped when nothing is said */
export function clipSchemas(clip: boolean): OptionSchemas<ClipOptions> {
  return { clip_sample: flag(clip), clip_sample_range: number(1, { exclusiveMinimum: 0 }) };
}

/** Schemas of the options of dynamic thresholding. */
export const thresholdSchemas: OptionSchemas<ThresholdOptions> = {
  thresholding: flag(false, "Dynamic thresholding, for models that work on pixels."),
  dynamic_thresholding_ratio: number(0.995, { minimum: 0, maximum: 1 }),
  sample_max_value: number(1, { minimum: 1 }),
};

/** Thresholds or clips a predicted image, whichever the options ask for; thresholding goes first. */
export function boundImage(options: ThresholdOptions & ClipOptions, image: Float32Array, batch: number): Float32Array {
  if (options.thresholding) return threshold(options, image, batch);
  return options.clip_sample ? clip(image, options.clip_sample_range) : image;
}

/** Bounds an image to `[-range, range]`, as a copy. */
export function clip(image: Float32Array, range: number): Float32Array {
  return image.map((value) => Math.min(range, Math.max(-range, value)));
}

/** @param batch number of images in `image`; each has its own threshold */
export function threshold(options: ThresholdOptions, image: Float32Array, batch: number): Float32Array {
  const bounded = image.slice();
  const size = image.length / batch;
  for (let start = 0; start < image.length; start += size) {
    const one = bounded.subarray(start, start + size);
    const found = quantile(one.map(Math.abs).sort(), options.dynamic_thresholding_ratio);
    const limit = Math.min(options.sample_max_value, Math.max(1, found));
    one.set(clip(one, limit).map((value) => value / limit));
  }
  return bounded;
}

/** Linear between the two nearest ranks, as `torch.quantile`. */
function quantile(sorted: Float32Array, ratio: number): number {
  const rank = ratio * (sorted.length - 1);
  const below = Math.floor(rank);
  const above = sorted[Math.ceil(rank)]!;
  return sorted[below]! + (above - sorted[below]!) * (rank - below);
}
