import { cpSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { autoencoderKl, clipText, unet2DCondition } from "@skipstep/core/model";
import { writeRandomModel } from "./random-checkpoint";
import { sd15 } from "./sd15-configs";

/** Lends model_index.json, tokenizer and scheduler. */
const tiny = fileURLToPath(new URL("../test/golden/pipelines/sd15", import.meta.url));

/**
 * Writes a Stable Diffusion 1.5 folder of full size with random float16 weights.
 * @returns the number of parameters
 */
export function writeRandomSd15(folder: string): number {
  const architectures = { unet: unet2DCondition, vae: autoencoderKl, text_encoder: clipText };
  const isLent = (path: string): boolean => ![...Object.keys(architectures), "golden"].includes(basename(path));
  cpSync(tiny, folder, { recursive: true, filter: isLent });
  return Object.entries(architectures).reduce((sum, [name, architecture]) => {
    const config = sd15[name as keyof typeof sd15];
    const stored = name === "text_encoder" ? { has: isOfClip, file: "model.safetensors" } : { has: isOfDiffusers };
    return sum + writeRandomModel(join(folder, name), { architecture, config, dtype: "float16", ...stored });
  }, 0);
}

/** Newer names only: a checkpoint has none from before diffusers 0.18. */
function isOfDiffusers(name: string): boolean {
  return !/\.(query|key|value|proj_attn)\./.test(name);
}

/** As checkpoints on the hub have them, and programs beside ours expect them. */
function isOfClip(name: string): boolean {
  return name.startsWith("text_model.");
}
