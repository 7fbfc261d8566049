import type { Family } from "../loop/family";
import { ditFamily } from "./dit/family";
import { fluxFamily } from "./flux/family";
import { pixartAlphaFamily, pixartSigmaFamily } from "./pixart/family";
import { stableDiffusion3Family } from "./sd3/family";
import { stableDiffusionFamily } from "./unet/stable-diffusion";
import { stableDiffusionXlFamily } from "./unet/stable-diffusion-xl";
import { zImageFamily } from "./z-image/family";

/** Every family of pipelines that Skipstep runs itself. */
export const ownFamilies: readonly Family[] = [
  ditFamily,
  fluxFamily,
  pixartAlphaFamily,
  pixartSigmaFamily,
  stableDiffusionFamily,
  stableDiffusionXlFamily,
  stableDiffusion3Family,
  zImageFamily,
];
