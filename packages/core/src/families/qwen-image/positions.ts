import { floats, type Tensor } from "../../tensor";
import { axialTables, type RotaryTables } from "../blocks/rotary-positions";
import type { QwenImageConfig } from "./model";

/** Size of one image in tokens. */
export interface ImageShape {
  readonly frames: number;
  readonly height: number;
  readonly width: number;
}

const THETA = 10_000;

/**
 * Tables for the inputs `cos` and `sin`: the positions of images count from their middle, so that other sizes keep the
 * positions of the middle, and the text goes on along the diagonal (https://arxiv.org/abs/2508.02324, section 3.2.3).
 * Angles in float32, as the reference.
 * @param images the image that is made, then those that are given @param textTokens S, with padding
 */
export function rotaryTables(
  { axes_dims_rope, use_layer3d_rope }: QwenImageConfig,
  images: readonly ImageShape[],
  textTokens: number,
): RotaryTables {
  const last = images.length - 1;
  const farthest = images.map(({ height, width }) => Math.floor(Math.max(height, width) / 2));
  const text = Math.max(...farthest, use_layer3d_rope ? last : 0);
  const positions: number[] = [];
  for (let token = 0; token < textTokens; token++) positions.push(text + token, text + token, text + token);
  for (const [index, { frames, height, width }] of images.entries())
    for (let frame = 0; frame < frames; frame++)
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++) {
          const layer = use_layer3d_rope && index === last ? -1 : index + frame; // the last one is the condition
          positions.push(layer, row - Math.ceil(height / 2), column - Math.ceil(width / 2));
        }
  return axialTables(floats([positions.length / 3, 3], Float32Array.from(positions)), axes_dims_rope, angle);
}

function angle(position: number, i: number, dim: number): number {
  const frequency = Math.fround(1 / Math.fround(THETA ** Math.fround((2 * i) / dim)));
  return Math.fround(position * frequency);
}

/** For the input `modulate_index`: int32 `[1, X]`, 1 on the tokens of all images but the first. */
export function modulateIndex(images: readonly ImageShape[]): Tensor<Int32Array> {
  const tokens = images.map(({ frames, height, width }) => frames * height * width);
  const total = tokens.reduce((sum, count) => sum + count, 0);
  return { dtype: "int32", shape: [1, total], data: new Int32Array(total).fill(1, tokens[0]) };
}
