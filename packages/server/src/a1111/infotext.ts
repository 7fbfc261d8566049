/** What an image was made with, in A1111's words. */
export interface Infotext {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly steps: number | undefined;
  readonly sampler: string;
  readonly cfgScale: number | undefined;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly model: string;
  readonly strength: number | undefined;
}

/** The text `parameters` of a PNG, as galleries read it. */
export function infotext(info: Infotext): string {
  const { prompt, negativePrompt, steps, sampler, cfgScale, seed, width, height, model, strength } = info;
  const entries = {
    Steps: steps,
    Sampler: sampler,
    "CFG scale": cfgScale,
    Seed: seed,
    Size: `${width}x${height}`,
    Model: model,
    "Denoising strength": strength,
  };
  const known = Object.entries(entries).filter(([, value]) => value !== undefined);
  return [
    prompt,
    ...(negativePrompt === "" ? [] : [`Negative prompt: ${negativePrompt}`]),
    known.map(([key, value]) => `${key}: ${value}`).join(", "),
  ].join("\n");
}
