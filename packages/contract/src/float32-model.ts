import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { floats, openWeights } from "@skipstep/core/model";
import { safetensors } from "./graph/safetensors";

/** By the model's folder; for the life of the process. */
const made = new Map<string, string>();

/** More digits than bfloat16 and float16 have: each weight is another number when it is rounded to them. */
const FACTOR = 1 + 2 ** -12;

/**
 * A copy of a model whose denoiser's weights are float32 and no numbers of a smaller type, so that a plugin which takes
 * them through one does not look exact.
 * @param model a diffusers folder with one file of weights in `transformer`
 */
export function float32Model(model: string): string {
  const known = made.get(model);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), "skipstep-float32-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  cpSync(model, folder, { recursive: true });
  const weights = openWeights(join(model, "transformer"));
  const tensors = Object.fromEntries(
    weights.names.map((name) => {
      const data = weights.readFloat32(name).map((value) => value * FACTOR);
      return [name, floats(weights.entry(name).shape, data)];
    }),
  );
  weights.close();
  writeFileSync(join(folder, "transformer/diffusion_pytorch_model.safetensors"), safetensors(tensors));
  made.set(model, folder);
  return folder;
}
