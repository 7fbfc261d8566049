import { convertedShapes, partOf } from "../../weights/single-file/file-part";
import type { KnownFiles, SingleFiles } from "../../weights/single-file/known-files";
import type { Shapes } from "../../weights/single-file/recipe";
import type { StoredFile } from "../../weights/single-file/stored-file";
import { isLinear, promptWidth } from "./files";
import { noiseMarks } from "./noise-marks";
import { stableDiffusion2 } from "./stable-diffusion-2-files";
import { stableDiffusion } from "./stable-diffusion-files";
import { stableDiffusionXl } from "./stable-diffusion-xl-files";

/** Width of the prompt's states that Stable Diffusion 2 reads: OpenCLIP's, next to OpenAI's 768. */
const sd2Prompt = 1024;
/** Channels of latents. */
const LATENT = 4;
/** And of a mask and the masked image's latents. */
const INPAINTING = 2 * LATENT + 1;

export const stableDiffusionFiles: SingleFiles = {
  title: "Stable Diffusion 1, 2",
  identify: (file, stored, known) => {
    const shapes = unetIn(file, stored, known);
    if (!shapes || isXl(shapes)) return undefined;
    const marks = noiseMarks(file, stored);
    const inpaints = channelsOf(shapes) === INPAINTING;
    return isLinear(shapes) ? stableDiffusion2(file, marks, inpaints) : stableDiffusion(file, marks);
  },
};

export const stableDiffusionXlFiles: SingleFiles = {
  title: "Stable Diffusion XL",
  identify: (file, stored, known) => {
    const shapes = unetIn(file, stored, known);
    if (!shapes || !isXl(shapes)) return undefined;
    if (promptWidth(shapes) === sd2Prompt) throw known.unknown(file, "Stable Diffusion unCLIP");
    return stableDiffusionXl(file, stored, noiseMarks(file, stored));
  },
};

/** @throws SKIPSTEP_FILE_UNKNOWN for a U-Net that sees more than latents */
function unetIn(file: string, { shapes }: StoredFile, known: KnownFiles): Shapes | undefined {
  const part = partOf(known, shapes, "UNet2DConditionModel", "unet");
  if (!part) return undefined;
  const converted = convertedShapes(part);
  const channels = channelsOf(converted);
  if (channels !== LATENT && channels !== INPAINTING)
    throw known.unknown(file, `a U-Net of ${channels} channels, ${channelsFor(channels)}`);
  return converted;
}

function channelsOf(shapes: Shapes): number | undefined {
  return shapes.get("conv_in.weight")?.[1];
}

function isXl(shapes: Shapes): boolean {
  return shapes.has("add_embedding.linear_1.weight");
}

/** What sees more than latents. */
function channelsFor(channels: number | undefined): string {
  if (channels === 8) return "for editing (instruct-pix2pix) and not for 4";
  if (channels === 7 || channels === 5) return "for upscaling or depth and not for 4";
  return "and not for 4, or for 9 to inpaint";
}
