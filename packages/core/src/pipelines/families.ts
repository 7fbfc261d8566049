import type { Checkpoint } from "../checkpoint/checkpoint";
import { pipelineUnknown } from "../errors/pipeline";
import type { Family } from "./family";
import { zImageFamily } from "./z-image";

/** Every family of pipelines that Skipstep runs. */
export const families: readonly Family[] = [zImageFamily];

/** @throws SKIPSTEP_PIPELINE_UNKNOWN, listing those that are known */
export function familyOf({ folder, className }: Checkpoint): Family {
  const family = families.find((known) => known.className === className);
  if (family) return family;
  throw pipelineUnknown(
    folder,
    className,
    families.map((known) => known.className),
  );
}
