import { type Floats, floats } from "../../tensor";

/** The part of a config that says how tokens and their positions are laid out. */
export interface PatchConfig {
  readonly num_attention_heads: number;
  readonly attention_head_dim: number;
  readonly patch_size: number;
  /** Side of the latents that the model was made for. */
  readonly sample_size: number;
  /** What positions are divided by; 1 when left out. */
  readonly interpolation_scale?: number;
}

const MAX_PERIOD = 10_000;

/** Width of a token. */
export function tokenWidth({
  num_attention_heads,
  attention_head_dim,
}: Pick<PatchConfig, "num_attention_heads" | "attention_head_dim">): number {
  return num_attention_heads * attention_head_dim;
}

/**
 * Fixed position embeddings of latents of any size: sines and cosines of a token's column, then of its row, as if every
 * side were as many tokens long as the model was made for; https://arxiv.org/abs/2111.06377, appendix A.1. Positions are
 * rounded to float32 as the reference does, all else is float64 until the end.
 * @param height latent rows @param width latent columns
 * @returns `[1, h w, D]`, h and w the size in patches
 */
export function sincosPositions(config: PatchConfig, height: number, width: number): Floats {
  const dim = tokenWidth(config);
  const tokens = (side: number): number => Math.floor(side / config.patch_size);
  const [rows, columns] = [tokens(height), tokens(width)];
  const scale = Math.fround(config.interpolation_scale ?? 1);
  const position = (index: number, side: number): number =>
    Math.fround(Math.fround(index / Math.fround(side / tokens(config.sample_size))) / scale);

  const table = floats([1, rows * columns, dim]);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = (row * columns + column) * dim;
      writeWaves(table.data.subarray(at, at + dim / 2), position(column, columns));
      writeWaves(table.data.subarray(at + dim / 2, at + dim), position(row, rows));
    }
  return table;
}

/** Sines in the first half, cosines in the second. */
function writeWaves(target: Float32Array, position: number): void {
  const count = target.length / 2;
  for (let i = 0; i < count; i++) {
    const angle = position * (1 / MAX_PERIOD ** (i / count));
    target[i] = Math.sin(angle);
    target[count + i] = Math.cos(angle);
  }
}
