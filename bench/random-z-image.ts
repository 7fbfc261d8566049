import { cpSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { zImage } from "@skipstep/core/model";
import { writeRandomModel } from "./random-checkpoint";
import type { FloatType } from "./random-tensors";

const emoji = fileURLToPath(new URL("../models/emoji", import.meta.url));

export interface ZImageSize {
  /** Width, a multiple of 128: heads are as large as Z-Image's. */
  readonly dim: number;
  readonly n_layers: number;
  readonly dtype: FloatType;
}

/**
 * Writes a diffusers folder: the emoji model with a Z-Image transformer of another size and random weights.
 * @returns the transformer's parameters
 */
export function writeRandomZImage(folder: string, { dim, n_layers, dtype }: ZImageSize): number {
  cpSync(emoji, folder, { recursive: true, filter: (path) => basename(path) !== "transformer" });
  const config = { dim, n_layers, n_heads: dim / 128, n_kv_heads: dim / 128, in_channels: 32, cap_feat_dim: 128 };
  return writeRandomModel(join(folder, "transformer"), { architecture: zImage, config, dtype });
}
