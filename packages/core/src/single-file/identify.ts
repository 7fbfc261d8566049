import { fileUnknown } from "../errors/single-file";
import { convertedShapes, partOf } from "./file-part";
import { flux1 } from "./known/flux";
import { stableDiffusion } from "./known/stable-diffusion";
import { stableDiffusionXl } from "./known/stable-diffusion-xl";
import { zImage } from "./known/z-image";
import type { KnownPipeline } from "./known-pipeline";
import type { Shapes } from "./recipe";

/** Files that are no model of a known pipeline though many of their tensors look like it. The first that fits counts. */
const others: readonly (readonly [mark: RegExp, what: string])[] = [
  [/(^|[._])lora[._](up|down|A|B)[._]/, 'a LoRA, which goes on top of a model: "lora" in the config'],
  [/^(control_model|controlnet_[a-z_]+)\./, "a ControlNet"],
  [/(^|\.)(joint_blocks\.0\.|pos_embed\.pos_embed$)/, "Stable Diffusion 3"],
  [/(^|\.)(t_block\.1|adaln_single\.linear)\.weight$/, "PixArt"],
  [/(^|\.)double_stream_modulation_img\./, "FLUX.2"],
  [/(^|\.)distilled_guidance_layer\./, "Chroma"],
  [/(^|\.)transformer_blocks\.0\.img_mod\./, "Qwen-Image"],
  [/^edm_mean$/, "Playground 2.5"],
  [/^conditioner\.embedders\.0\.model\./, "the refiner of Stable Diffusion XL"],
];

const titles = ["Stable Diffusion 1", "Stable Diffusion XL", "FLUX.1", "Z-Image"];

/**
 * The pipeline that a single file belongs to, by the names and shapes of its tensors.
 * @throws SKIPSTEP_FILE_UNKNOWN
 */
export function identify(file: string, stored: Shapes): KnownPipeline {
  const names = [...stored.keys()];
  const other = others.find(([mark]) => names.some((name) => mark.test(name)));
  if (other) throw fileUnknown(file, other[1], titles);
  if (partOf(stored, "FluxTransformer2DModel", "transformer")) return flux1(stored);
  if (partOf(stored, "ZImageTransformer2DModel", "transformer")) return zImage;
  const unet = partOf(stored, "UNet2DConditionModel", "unet");
  if (unet) return ofUNet(file, stored, convertedShapes(unet));
  throw fileUnknown(file, undefined, titles);
}

function ofUNet(file: string, stored: Shapes, shapes: Shapes): KnownPipeline {
  const channels = shapes.get("conv_in.weight")?.[1];
  if (channels !== 4)
    throw fileUnknown(file, `a U-Net of ${channels} channels, for inpainting or editing and not for 4`, titles);
  if (shapes.has("add_embedding.linear_1.weight")) return stableDiffusionXl(stored);
  const isLinear = [...shapes].some(([name, shape]) => name.endsWith("proj_in.weight") && shape.length === 2);
  // Its two kinds differ in what they predict, which no tensor tells.
  if (isLinear) throw fileUnknown(file, "Stable Diffusion 2, of which no file tells what it predicts", titles);
  return stableDiffusion;
}
