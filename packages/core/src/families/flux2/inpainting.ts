import { resizeAndCrop } from "../../image/resize-and-crop";
import type { Configs, Inpainting } from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import type { Autoencoder } from "../autoencoders/autoencoder";
import { patched } from "./patches";
import type { Flux2Conditioning } from "./pipeline";
import { referenceOf, seenSize, shrunk, together, tokenPixels } from "./references";
import type { Flux2Settings } from "./settings";

/**
 * Flux2KleinInpaintPipeline: patches are blended by the mean of the four pixels in the middle of each, and the model
 * looks at the image as at any other, in front of `image_reference`. Nothing is drawn but the noise.
 */
export function flux2Inpainting(configs: Configs, autoencoder: Autoencoder): Inpainting<Flux2Conditioning> {
  const pixels = tokenPixels(configs);
  return {
    isNoiseAlone: false,
    isMiddlePasted: true,
    shrunk,
    firstStep: flowFirstStep,
    encode: async ({ vae_tiling: tiling }, image, _, signal) =>
      patched(await autoencoder.encode(image, undefined, { tiling, signal })),
    blendMask: (mask) => resizeAndCrop(mask, mask.shape[2]! / pixels, mask.shape[3]! / pixels),
    see: (encoded, { image }) => ({ ...encoded, references: together(referenceOf(image!), encoded.references) }),
  };
}

/** An image that is inpainted is drawn in its own size, whatever height and width say; nothing else begins with one. */
export function settleInpainting(
  configs: Configs,
  { mask, pictures: [picture] = [], height, width, strength }: Flux2Settings,
): Partial<Flux2Settings> {
  if (mask === undefined)
    return strength === 1
      ? {}
      : { remarks: [`strength ${strength} had no effect: it is for inpainting, with a mask.`] };
  if (!picture) return {};
  const own = seenSize(configs, picture);
  if (own.height === height && own.width === width) return {};
  const remark = `height ${height} and width ${width} had no effect: an image that is inpainted is drawn in its own size, ${own.width} x ${own.height}.`;
  return { ...own, remarks: [remark] };
}
