import { fileUnknown } from "../../errors/single-file";
import { flux1 } from "../../families/flux/files";
import { otherFamilies } from "../../families/other-families";
import { isLinear, promptWidth } from "../../families/unet/files";
import { noiseMarks } from "../../families/unet/noise-marks";
import { stableDiffusion2 } from "../../families/unet/stable-diffusion-2-files";
import { stableDiffusion } from "../../families/unet/stable-diffusion-files";
import { stableDiffusionXl } from "../../families/unet/stable-diffusion-xl-files";
import { zImage } from "../../families/z-image/files";
import { classesIn, convertedShapes, partOf } from "./file-part";
import type { KnownPipeline } from "./known-pipeline";
import type { Shapes } from "./recipe";
import type { StoredFile } from "./stored-file";

const titles = ["Stable Diffusion 1, 2", "Stable Diffusion XL", "FLUX.1", "Z-Image"];

/** Width of the prompt's states that Stable Diffusion 2 reads: OpenCLIP's, next to OpenAI's 768. */
const sd2Prompt = 1024;

/**
 * The pipeline that a single file belongs to, by the names and shapes of its tensors and by its header.
 * @throws SKIPSTEP_FILE_UNKNOWN
 */
export function identify(file: string, stored: StoredFile): KnownPipeline {
  const { shapes } = stored;
  const names = [...shapes.keys()];
  const other = otherFamilies.find(([mark]) => names.some((name) => mark.test(name)));
  if (other) throw fileUnknown(file, other[1], titles);
  if (partOf(shapes, "FluxTransformer2DModel", "transformer")) return flux1(shapes);
  if (partOf(shapes, "ZImageTransformer2DModel", "transformer")) return zImage;
  const unet = partOf(shapes, "UNet2DConditionModel", "unet");
  if (unet) return ofUNet(file, stored, convertedShapes(unet));
  throw fileUnknown(file, whatElse(stored), titles);
}

function ofUNet(file: string, stored: StoredFile, shapes: Shapes): KnownPipeline {
  const [, channels] = shapes.get("conv_in.weight") ?? [];
  if (channels !== 4) throw fileUnknown(file, `a U-Net of ${channels} channels, ${channelsFor(channels)}`, titles);
  const marks = noiseMarks(file, stored);
  if (shapes.has("add_embedding.linear_1.weight")) {
    if (promptWidth(shapes) === sd2Prompt) throw fileUnknown(file, "Stable Diffusion unCLIP", titles);
    return stableDiffusionXl(file, stored, marks);
  }
  return isLinear(shapes) ? stableDiffusion2(file, marks) : stableDiffusion(file, marks);
}

/** What sees more than latents. */
function channelsFor(channels: number | undefined): string {
  if (channels === 9) return "for inpainting and not for 4";
  if (channels === 8) return "for editing (instruct-pix2pix) and not for 4";
  if (channels === 7 || channels === 5) return "for upscaling or depth and not for 4";
  return "for inpainting or editing and not for 4";
}

/** What is known of a file that holds no denoiser: other models, or what it says of itself. */
function whatElse({ shapes, metadata }: StoredFile): string | undefined {
  const said = metadata["general.architecture"] ?? metadata["modelspec.architecture"];
  if (typeof said === "string" && said !== "") return `"${said}" by what it says of itself`;
  const parts = classesIn(shapes);
  return parts.length === 0
    ? undefined
    : `no whole model: it holds ${parts.join(", ")}, which goes into "components" of the config`;
}
