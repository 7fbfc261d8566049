import { loadPicture } from "../image/load-picture";
import { picturesOf } from "../image/picture";
import type { Generator } from "../random";
import type { Scheduler } from "../schedulers/scheduler";
import { type Floats, floats } from "../tensor";
import type { Conditioning, FamilyPipeline } from "./family";
import { stack } from "./guidance";
import type { Settings } from "./settings";

/** Where a generation begins. */
export interface FirstLatents {
  /** `[B, C, H, W]` at the noise level of call `begin`. */
  readonly latents: Floats;
  /** The scheduler's call to begin with. */
  readonly begin: number;
}

/** Shows ControlNets the pictures that they follow. */
export async function takeControl(
  pipeline: FamilyPipeline,
  encoded: Conditioning,
  settings: Settings,
  generator: Generator,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { width, height, control_image } = settings;
  const sources = picturesOf(control_image);
  if (sources.length === 0) return;
  const pictures = await Promise.all(sources.map((source) => loadPicture(source, width, height)));
  await pipeline.takeControl!(encoded, settings, pictures, generator, signal);
}

/** Noise, or the image to begin with and as much noise as `strength` asks for. */
export async function firstLatents(
  pipeline: FamilyPipeline,
  settings: Settings,
  scheduler: Scheduler,
  generator: Generator,
  signal: AbortSignal | undefined,
): Promise<FirstLatents> {
  const { width, height } = settings;
  const [image] = picturesOf(settings.image);
  const noise = (): Floats => settings.latents ?? pipeline.noise(settings, generator);
  const { imageToImage } = pipeline;
  if (image === undefined || !imageToImage) {
    const { shape, data } = noise();
    return {
      latents: floats(
        shape,
        data.map((x) => x * scheduler.initNoiseSigma),
      ),
      begin: 0,
    };
  }
  const encoded = await imageToImage.encode(settings, await loadPicture(image, width, height), generator, signal);
  const unit = noise();
  const original = stack(new Array<Floats>(unit.shape[0]!).fill(encoded));
  const begin = imageToImage.firstStep(settings) * scheduler.order;
  return { latents: scheduler.addNoise!(original, unit, begin), begin };
}
