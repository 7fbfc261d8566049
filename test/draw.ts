import {
  type ConfigInput,
  createPipeline,
  type GenerateRequest,
  type GenerateResult,
  type OpenedRecipe,
} from "@skipstep/core";

/** What a pipeline of its own makes of a request. */
export async function draw(
  config: ConfigInput | OpenedRecipe,
  cacheDir: string,
  request: GenerateRequest = {},
): Promise<GenerateResult> {
  const pipeline = await createPipeline(config, { cacheDir, threads: 1 });
  try {
    return await pipeline.generate(request);
  } finally {
    await pipeline.close();
  }
}

/** Decibels between the first images, in 8 bits a channel. */
export function psnr({ images: [a] }: GenerateResult, { images: [b] }: GenerateResult): number {
  const squares = a!.data.reduce((sum, value, i) => sum + (value - b!.data[i]!) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / a!.data.length));
}
