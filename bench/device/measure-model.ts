import { join } from "node:path";
import { createPipeline } from "@skipstep/core";
import { inTemporaryFolder } from "../temporary-folder";
import { type Finding, shortText, tell } from "./finding";
import { type MeasuredModel, measuredModels } from "./models";

/** What weights are stored in and computed with. */
const precisions = {
  float32: { dtype: "float32", plugins: [] },
  float16: { dtype: "float16", plugins: [] },
  "4 bits": {
    dtype: "float32",
    plugins: [{ use: "@skipstep/plugin-bnb", options: { load_in_4bit: true, bnb_4bit_quant_type: "nf4" } }],
  },
} as const;

interface Drawn {
  /** Seconds. */
  readonly step: number;
  readonly latents: Float32Array;
  readonly pixels: Uint8Array;
}

/**
 * Draws with each precision, without and with a step cache, each twice: the second time everything is warm. Latents are
 * compared with those of float32, and pixels with the CPU's where that can be waited for.
 */
export async function measureModel(part: string, provider: string, isSmall: boolean): Promise<void> {
  const model = measuredModels[part]!;
  const { title, write } = isSmall ? model.small : model.full;
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "model");
    const start = performance.now();
    write(path);
    tell({ part, what: title, how: "weights written", value: since(start), unit: "s" });
    const says = (how: string, finding: Omit<Finding, "part" | "what" | "how">): void =>
      tell({ part, what: title, how, ...finding });
    let exact: Drawn | undefined;
    for (const [precision, chosen] of Object.entries(precisions))
      for (const cache of [undefined, model.cache]) {
        const how = `${precision}${cache ? `, ${cache.name}` : ""}`;
        try {
          const drawn = await draw(model, path, { provider, isSmall, cache, ...chosen }, (what, value) =>
            says(`${how}: ${what}`, { value, unit: "s" }),
          );
          exact ??= drawn;
          const apart = drawn === exact ? {} : { said: nearness(drawn.latents, exact.latents) };
          says(how, { value: drawn.step * 1000, unit: "ms a step", ...apart });
          if (drawn !== exact || !(isSmall || model.onCpu) || provider === "cpu") continue;
          const there = await draw(model, path, { provider: "cpu", isSmall, cache, ...chosen });
          const most = drawn.pixels.reduce((most, byte, i) => Math.max(most, Math.abs(byte - there.pixels[i]!)), 0);
          says(`${how}: on the CPU`, { value: there.step * 1000, unit: "ms a step", said: `a byte is ${most} off` });
        } catch (error) {
          says(how, { said: shortText(error) });
        }
      }
  });
}

interface Choice {
  readonly provider: string;
  readonly isSmall: boolean;
  readonly cache: MeasuredModel["cache"] | undefined;
  readonly dtype: string;
  readonly plugins: readonly object[];
}

/** @param says seconds, as soon as they are known */
async function draw(
  model: MeasuredModel,
  path: string,
  choice: Choice,
  says?: (what: string, seconds: number) => void,
): Promise<Drawn> {
  const { provider, isSmall, cache, dtype } = choice;
  const { generate } = isSmall ? model.small : model.full;
  const caching = cache ? [{ use: cache.use, options: cache.options }] : [];
  const config = { model: path, device: provider, dtype, generate, plugins: [...choice.plugins, ...caching] };
  const opening = performance.now();
  const pipeline = await createPipeline(config as never, {
    cacheDir: join(path, "../cache"),
    folder: import.meta.dirname,
  });
  says?.("open", since(opening));
  try {
    const beginning = performance.now();
    await pipeline.generate();
    says?.("first image", since(beginning));
    const { images, latents, report } = await pipeline.generate();
    const step = report.seconds.phases.denoise! / (generate.num_inference_steps as number);
    return { step, latents: Float32Array.from(latents.data), pixels: images[0]!.data };
  } finally {
    await pipeline.close();
  }
}

/** Signal over error. */
function nearness(found: Float32Array, expected: Float32Array): string {
  let [signal, error] = [0, 0];
  for (const [i, value] of expected.entries()) {
    signal += value ** 2;
    error += (found[i]! - value) ** 2;
  }
  return error === 0 ? "equal to float32's" : `${(10 * Math.log10(signal / error)).toFixed(0)} dB of float32's`;
}

function since(start: number): number {
  return (performance.now() - start) / 1000;
}
