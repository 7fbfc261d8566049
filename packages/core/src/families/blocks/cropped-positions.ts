import { latentsTooLarge } from "../../errors/models";
import { type Floats, floats } from "../../tensor";
import type { WeightSource } from "../../weights/checkpoint/weight-source";
import { type PatchConfig, tokenWidth } from "./sincos-positions";

/** The part of a config that says how the stored positions are laid out. */
export interface StoredPositions extends PatchConfig {
  /** Side of the stored grid in tokens. */
  readonly pos_embed_max_size: number;
}

const NAME = "pos_embed.pos_embed";

/** @throws SKIPSTEP_TENSOR_MISSING, SKIPSTEP_TENSOR_SHAPE when the checkpoint does not have the positions */
export function expectPositions(config: StoredPositions, weights: WeightSource): void {
  weights.expect(NAME, [1, config.pos_embed_max_size ** 2, tokenWidth(config)]);
}

/**
 * The middle of the checkpoint's grid of position embeddings, https://arxiv.org/abs/2403.03206, section 5.3.2.
 * @param height latent rows @param width latent columns
 * @throws SKIPSTEP_LATENTS_TOO_LARGE when the latents do not fit into the grid
 * @returns `[1, h w, D]`, h and w the size in patches
 */
export function croppedPositions(
  config: StoredPositions,
  weights: WeightSource,
  height: number,
  width: number,
): Floats {
  const { pos_embed_max_size: side, patch_size } = config;
  const [rows, columns] = [Math.floor(height / patch_size), Math.floor(width / patch_size)];
  if (Math.max(rows, columns) > side) throw latentsTooLarge([height, width], side * patch_size);
  expectPositions(config, weights);
  const grid = weights.readFloat32(NAME);
  const dim = tokenWidth(config);
  const [top, left] = [Math.floor((side - rows) / 2), Math.floor((side - columns) / 2)];
  const table = floats([1, rows * columns, dim]);
  for (let row = 0; row < rows; row++) {
    const from = ((top + row) * side + left) * dim;
    table.data.set(grid.subarray(from, from + columns * dim), row * columns * dim);
  }
  return table;
}
