import { loadPicture } from "../../image/load-picture";
import { picturesOf } from "../../image/picture";
import type { FamilyParts, References, SettingProblem } from "../../loop/family";
import { stack } from "../../loop/guidance";
import { imageCount } from "../../loop/settings";
import type { Floats } from "../../tensor";
import { Autoencoder } from "../autoencoders/autoencoder";
import { PACK, packLatents } from "../blocks/packed-latents";
import type { KontextSettings } from "./kontext-settings";
import { seenSize } from "./kontext-sizes";
import type { FluxVariant } from "./pipeline";
import { tokenPixels } from "./sizes";

const MOST_IMAGES = 10;

/** One image for all that is drawn, or several in turn, as large as the first. */
export const kontextReferences: References = {
  most: MOST_IMAGES,
  problem: ({ width, height }, configs) => {
    const least = tokenPixels(configs);
    return Math.min(width, height) < least
      ? `must be at least ${least} pixels on each side, found ${width} x ${height}`
      : undefined;
  },
};

export function kontextProblems(settings: KontextSettings): SettingProblem[] {
  const { height, width, image } = settings;
  const looked = picturesOf(image).length;
  const images = imageCount(settings);
  return [
    ...(height > 0 && width > 0
      ? []
      : [{ key: "max_area", text: `is too small for the shape of height and width: it leaves ${width} x ${height}` }]),
    ...(looked < 2 || images === 0 || images % looked === 0
      ? []
      : [
          { key: "image", text: `must be one, or a number that divides the ${images} images to draw, found ${looked}` },
        ]),
  ];
}

/** How images are looked at: through the autoencoder, nothing drawn. */
export function kontextLook(parts: FamilyParts): Required<FluxVariant>["look"] {
  const autoencoder = new Autoencoder(parts, "vae");
  return async (settings, signal) => {
    const seen = seenSize(parts.configs, settings as KontextSettings);
    if (!seen) return undefined;
    const { width, height } = seen;
    const tiling = settings.vae_tiling;
    const encoded: Floats[] = [];
    for (const source of picturesOf(settings.image)) {
      const latents = await autoencoder.encode(await loadPicture(source, width, height), undefined, { tiling, signal });
      encoded.push(packLatents(latents));
    }
    const pixels = autoencoder.scaleFactor * PACK;
    return { tokens: stack(encoded), grid: { height: height / pixels, width: width / pixels } };
  };
}
