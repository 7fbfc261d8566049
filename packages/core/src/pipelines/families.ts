import type { Checkpoint } from "../checkpoint/checkpoint";
import { pipelineUnknown } from "../errors/pipeline";
import { ditFamily } from "./dit";
import type { Family } from "./family";
import { fluxFamily } from "./flux";
import { pixartAlphaFamily, pixartSigmaFamily } from "./pixart";
import { stableDiffusion3Family } from "./sd3";
import { stableDiffusionFamily } from "./stable-diffusion";
import { stableDiffusionXlFamily } from "./stable-diffusion-xl";
import { zImageFamily } from "./z-image";

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
