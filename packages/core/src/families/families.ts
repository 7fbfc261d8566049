import type { Family } from "../loop/family";
import { ditFamily } from "./dit/family";
import { fluxFamily } from "./flux/family";
import { fluxFillFamily } from "./flux/fill";
import { fluxKontextFamily } from "./flux/kontext";
import { flux2KleinFamily } from "./flux2/family";
import { pixartAlphaFamily, pixartSigmaFamily } from "./pixart/family";
import { qwenImageFamily } from "./qwen-image/family";
import { sanaFamily, sanaSprintFamily } from "./sana/family";
import { stableDiffusion3Family } from "./sd3/family";
import { stableDiffusionFamily } from "./unet/stable-diffusion";
import { stableDiffusionXlFamily } from "./unet/stable-diffusion-xl";
import { zImageFamily } from "./z-image/family";

/** Every family of pipelines that Skipstep runs itself. */
export const ownFamilies: readonly Family[] = [
  ditFamily,
  // Before FLUX.1, which files are taken for by tensors that they have, too.
  flux2KleinFamily,
  qwenImageFamily,
  fluxFamily,
  fluxKontextFamily,
  fluxFillFamily,
  pixartAlphaFamily,
  pixartSigmaFamily,
  sanaFamily,
  sanaSprintFamily,
  stableDiffusionFamily,
  stableDiffusionXlFamily,
  stableDiffusion3Family,
  zImageFamily,
];

// Their models, for the door `@skipstep/core/model`.
export { dit } from "./dit/model";
export { flux, rotaryTables as fluxRotaryTables } from "./flux/model";
export { flux2, rotaryTables as flux2RotaryTables } from "./flux2/model";
export { pixart } from "./pixart/model";
export { qwenImageAutoencoder } from "./qwen-image/autoencoder";
export { qwenImage } from "./qwen-image/model";
export { modulateIndex, rotaryTables as qwenImageRotaryTables } from "./qwen-image/positions";
export { sana } from "./sana/model";
export { sd3 } from "./sd3/model";
export { unet2DCondition } from "./unet/unet-2d-condition";
export { type DownBlock, type UNetBlock, type UNetBlocks, type UpBlock, unetBody } from "./unet/unet-body";
export { unetStructure } from "./unet/unet-structure";
export { zImage } from "./z-image/model";
export { layOutSequence } from "./z-image/sequence";
