import { type CheckedConfig, planImages } from "@skipstep/core";
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
 * @throws SKIPSTEP_CONFIG_UNLIKE, SKIPSTEP_REQUEST_INVALID
 */
export function checkComparable([reference, ...others]: readonly NamedConfig[], motifs: readonly Motif[]): void {
  const plan = planImages(reference!.config, motifs[0]!.request);
  for (const { name, config } of others) {
    const [model, other] = [config.config.model, reference!.config.config.model];
    if (model !== other) throw configsUnlike(name, reference!.name, `their models are ${model} and ${other}`);
    for (const { request } of motifs) {
      const own = planImages(config, request);
      if (own.width !== plan.width || own.height !== plan.height)
        throw configsUnlike(name, reference!.name, `their images have ${sizesText(own, plan)}`);
    }
  }
}
