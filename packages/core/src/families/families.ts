import { pipelineUnknown } from "../errors/pipeline";
import type { Family } from "../loop/family";
import type { Checkpoint } from "../weights/checkpoint/checkpoint";
import { ditFamily } from "./dit/family";
import { fluxFamily } from "./flux/family";
import { pixartAlphaFamily, pixartSigmaFamily } from "./pixart/family";
import { stableDiffusion3Family } from "./sd3/family";
import { stableDiffusionFamily } from "./unet/stable-diffusion";
import { stableDiffusionXlFamily } from "./unet/stable-diffusion-xl";
import { zImageFamily } from "./z-image/family";

/** Every family of pipelines that Skipstep runs. */
export const families: readonly Family[] = [
  ditFamily,
  fluxFamily,
  pixartAlphaFamily,
  pixartSigmaFamily,
  stableDiffusionFamily,
  stableDiffusionXlFamily,
  stableDiffusion3Family,
  zImageFamily,
];

/** @throws SKIPSTEP_PIPELINE_UNKNOWN, listing those that are known */
export function familyOf({ folder, className }: Pick<Checkpoint, "folder" | "className">): Family {
  const family = families.find((known) => known.className === className);
  if (family) return family;
  throw pipelineUnknown(
    folder,
    className,
    families.map((known) => known.className),
  );
}
