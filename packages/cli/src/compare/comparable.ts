import { type CheckedConfig, type ImagePlan, planFromPictures, planImages } from "@skipstep/core";
import { configsUnlike } from "../errors";
import type { Motif } from "../render/motif";
import { sizesText } from "./comparison";

/** A checked config, by the name that it was given by. */
export interface NamedConfig {
  readonly name: string;
  readonly config: CheckedConfig;
}

/**
 * Makes sure, before anything is compiled, that all configs draw the same with the same model. Components, LoRAs,
 * schedulers and steps may differ: their effect is what somebody may want to see.
 *
 * @throws SKIPSTEP_CONFIG_UNLIKE, SKIPSTEP_REQUEST_INVALID and what else `planFromPictures` throws
 */
export async function comparedPlan(
  [reference, ...others]: readonly NamedConfig[],
  motifs: readonly Motif[],
): Promise<ImagePlan> {
  const [{ request: first }] = motifs as [Motif];
  const plan = await planFromPictures(reference!.config, first);
  for (const { name, config } of others) {
    const [model, other] = [config.config.model, reference!.config.config.model];
    if (model !== other) throw configsUnlike(name, reference!.name, `their models are ${model} and ${other}`);
    const own = await planFromPictures(config, first);
    if (own.width !== plan.width || own.height !== plan.height)
      throw configsUnlike(name, reference!.name, `their images have ${sizesText(own, plan)}`);
    for (const { request } of motifs) planImages(config, request);
  }
  return plan;
}
