import { cpSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { flux } from "@skipstep/core/model";
import { writeRandomModel } from "./random-checkpoint";

/** Lends model_index.json, scheduler, small text encoders and a small VAE. */
const tiny = fileURLToPath(new URL("../test/golden/pipelines/flux", import.meta.url));

/** FLUX.1 [dev], https://huggingface.co/black-forest-labs/FLUX.1-dev, but for what the text encoders and the VAE give. */
const flux1 = {
  num_attention_heads: 24,
  attention_head_dim: 128,
  axes_dims_rope: [16, 56, 56],
  guidance_embeds: true,
  in_channels: 16,
  out_channels: null,
  patch_size: 1,
  joint_attention_dim: 32,
  pooled_projection_dim: 24,
};

/**
 * Writes a folder whose transformer has FLUX.1's width, an eighth of its blocks and random float16 weights.
 * @returns the transformer's parameters
 */
export function writeRandomFlux(folder: string): number {
  const isLent = (path: string): boolean => !["transformer", "golden"].includes(basename(path));
  cpSync(tiny, folder, { recursive: true, filter: isLent });
  const config = { ...flux1, num_layers: 2, num_single_layers: 5 }; // of 19 and 38
  return writeRandomModel(join(folder, "transformer"), { architecture: flux, config, dtype: "float16" });
}
