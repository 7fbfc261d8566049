import { type Floats, floats, type Tensor } from "../../tensor";
import { PATCH, type ZImageConfig } from "./model";

/** Sequences are padded to a multiple of this. */
const MULTIPLE = 32;

/** What the denoiser takes beside latents and timestep; constant over a generation. */
export interface ZImageSequence {
  /** `[B, L, cap_feat_dim]` */
  readonly captions: Floats;
  /** bool `[B, L, 1]` */
  readonly caption_pad: Tensor<Uint8Array>;
  /** `[B, L, 1]` */
  readonly caption_valid: Floats;
  /** int32 `[B, L]` */
  readonly caption_mask: Tensor<Int32Array>;
  /** int32 `[B, X + L]` */
  readonly mask: Tensor<Int32Array>;
  /** `[B, X + L, D/2]` */
  readonly cos: Floats;
  readonly sin: Floats;
}

/**
 * Lays out image and caption tokens as ZImageTransformer2DModel does: each caption is padded to a multiple of 32 with
 * pad tokens, shorter captions are filled up to the longest with masked zeros, the image follows its caption on the
 * first position axis.
 * @param captions prompt embeddings `[tokens, cap_feat_dim]`, one an image
 * @param height latent rows @param width latent columns
 */
export function layOutSequence(
  config: ZImageConfig,
  captions: readonly Floats[],
  height: number,
  width: number,
): ZImageSequence {
  const batch = captions.length;
  const lengths = captions.map(({ shape }) => shape[0]!);
  const padded = lengths.map(paddedLength);
  const longest = Math.max(...padded);
  const [rows, columns] = [height / PATCH, width / PATCH];
  const image = paddedLength(rows * columns);
  const total = image + longest;
  const dim = config.cap_feat_dim;
  const half = config.dim / config.n_heads / 2;
  const features = floats([batch, longest, dim]);
  const pad = new Uint8Array(batch * longest);
  const valid = floats([batch, longest, 1]);
  const captionMask = new Int32Array(batch * longest);
  const mask = new Int32Array(batch * total);
  const [cos, sin] = [floats([batch, total, half]), floats([batch, total, half])];
  const tables = axisTables(config);

  for (let item = 0; item < batch; item++) {
    const [length, own] = [lengths[item]!, padded[item]!];
    features.data.set(captions[item]!.data, item * longest * dim);
    pad.fill(1, item * longest + length, item * longest + own);
    valid.data.fill(1, item * longest, item * longest + own);
    captionMask.fill(1, item * longest, item * longest + own);
    mask.fill(1, item * total, item * total + image + own);
    const place = (token: number, position: readonly number[]): void => {
      let at = (item * total + token) * half;
      for (const [axis, table] of tables.entries()) {
        const from = position[axis]! * table.width;
        cos.data.set(table.cos.subarray(from, from + table.width), at);
        sin.data.set(table.sin.subarray(from, from + table.width), at);
        at += table.width;
      }
    };
    for (let token = 0; token < image; token++)
      place(token, token < rows * columns ? [own + 1, Math.floor(token / columns), token % columns] : [0, 0, 0]);
    for (let token = 0; token < own; token++) place(image + token, [1 + token, 0, 0]);
  }
  return {
    captions: features,
    caption_pad: { dtype: "bool", shape: [batch, longest, 1], data: pad },
    caption_valid: valid,
    caption_mask: { dtype: "int32", shape: [batch, longest], data: captionMask },
    mask: { dtype: "int32", shape: [batch, total], data: mask },
    cos,
    sin,
  };
}

/** Tokens of a sequence with its padding. */
export function paddedLength(length: number): number {
  return Math.ceil(length / MULTIPLE) * MULTIPLE;
}

/** Cosines and sines of one axis, `width` a position. */
interface AxisTable {
  readonly width: number;
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

const knownTables = new WeakMap<ZImageConfig, readonly AxisTable[]>();

/** Those of every position on each axis, made once a model. */
function axisTables(config: ZImageConfig): readonly AxisTable[] {
  const tables = knownTables.get(config) ?? makeAxisTables(config);
  knownTables.set(config, tables);
  return tables;
}

/** Angles in float64, rounded to float32 as the reference does. */
function makeAxisTables({ axes_dims, axes_lens, rope_theta }: ZImageConfig): AxisTable[] {
  return axes_dims.map((dim, axis) => {
    const width = dim / 2;
    const length = axes_lens[axis]!;
    const [cos, sin] = [new Float32Array(length * width), new Float32Array(length * width)];
    for (let position = 0; position < length; position++)
      for (let i = 0; i < width; i++) {
        const angle = Math.fround(position * (1 / rope_theta ** ((2 * i) / dim)));
        cos[position * width + i] = Math.cos(angle);
        sin[position * width + i] = Math.sin(angle);
      }
    return { width, cos, sin };
  });
}

/** Most caption tokens that leave a position for the image behind them. */
export function longestCaption({ axes_lens }: ZImageConfig): number {
  return Math.floor((axes_lens[0]! - 2) / MULTIPLE) * MULTIPLE;
}
