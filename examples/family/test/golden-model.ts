import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll } from "vitest";

/** What the reference drew, and the model that it drew with. */
export const golden = join(import.meta.dirname, "golden/ddpm");

/** A folder as a user has it: `ddpm/` is the model, and this package is installed beside Skipstep's. */
export function userFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "skipstep-ddpm-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const model = join(folder, "ddpm");
  const unet = "unet/diffusion_pytorch_model.safetensors";
  for (const part of ["model_index.json", "scheduler", "unet/config.json"])
    cpSync(join(golden, part), join(model, part), { recursive: true });
  writeFileSync(join(model, unet), gunzipSync(readFileSync(join(golden, `${unet}.gz`))));
  mkdirSync(join(folder, "node_modules"));
  const here = join(import.meta.dirname, "..");
  symlinkSync(here, join(folder, "node_modules/skipstep-plugin-ddpm"));
  symlinkSync(join(here, "node_modules/@skipstep"), join(folder, "node_modules/@skipstep"));
  return folder;
}
