import { cpSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { dit } from "@skipstep/core/model";
import { writeRandomModel } from "./random-checkpoint";

/** Lends model_index.json, scheduler and a small VAE. */
const tiny = fileURLToPath(new URL("../test/golden/pipelines/dit", import.meta.url));

/** What says how large DiT-XL/2 is, https://huggingface.co/facebook/DiT-XL-2-256. */
export const ditXl2 = {
  num_attention_heads: 16,
  attention_head_dim: 72,
  in_channels: 4,
  out_channels: 8,
  num_layers: 28,
  sample_size: 32,
};

/**
 * Writes a DiT folder whose transformer has DiT-XL/2's size and random float16 weights.
 * @returns the transformer's parameters
 */
export function writeRandomDit(folder: string): number {
  const isLent = (path: string): boolean => !["transformer", "golden"].includes(basename(path));
  cpSync(tiny, folder, { recursive: true, filter: isLent });
  return writeRandomModel(join(folder, "transformer"), { architecture: dit, config: ditXl2, dtype: "float16" });
}
