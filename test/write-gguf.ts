import { join } from "node:path";
import { findQuantizer, openComponentWeights } from "@skipstep/core";

const root = join(import.meta.dirname, "..");

/** Writes a model's denoiser, or another component, as GGUF in blocks of 8 bits. */
export async function writeGguf(model: string, file: string, name?: string): Promise<void> {
  const { quantizer, options } = await findQuantizer(join(root, "plugins/gguf"), { type: "Q8_0" }, root);
  const { component, weights } = await openComponentWeights(model, { component: name });
  const { signal } = new AbortController();
  const request = { component, weights, options, file, images: () => [], signal, onProgress: () => undefined };
  await quantizer.quantize(request).finally(() => weights.close());
}
