import { concat } from "../../loop/concat";
import type { FamilyParts, Inpainted, Inpainting } from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { type Floats, floats } from "../../tensor";
import { Autoencoder } from "../autoencoders/autoencoder";
import { packLatents } from "../blocks/packed-latents";
import type { FluxConditioning } from "./pipeline";

/** How a part of an image is painted anew by a denoiser that sees the rest. */
export function fillInpainting(parts: FamilyParts): Inpainting<FluxConditioning> {
  const autoencoder = new Autoencoder(parts, "vae");
  const { blendMask: _, ...seeing } = autoencoder.inpainting(flowFirstStep);
  return {
    ...seeing,
    encodeMasked: seeing.encode,
    see: (encoded, { mask, masked }: Inpainted) => ({
      ...encoded,
      features: concat([packLatents(masked!), packLatents(folded(mask, autoencoder.scaleFactor))], 2),
    }),
  };
}

/** The pixels of each latent pixel as channels, row by row. @param image `[1, 1, f h, f w]` @returns `[1, f f, h, w]` */
function folded({ shape, data }: Floats, factor: number): Floats {
  const [, , fromHeight, fromWidth] = shape as [number, number, number, number];
  const [height, width] = [fromHeight / factor, fromWidth / factor];
  const result = floats([1, factor ** 2, height, width]);
  for (let at = 0; at < data.length; at++) {
    const [y, x] = [Math.floor(at / fromWidth), at % fromWidth];
    const channel = (y % factor) * factor + (x % factor);
    result.data[(channel * height + Math.floor(y / factor)) * width + Math.floor(x / factor)] = data[at]!;
  }
  return result;
}
