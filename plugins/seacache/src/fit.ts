import { modelUnfit, type Run, type Structure } from "@skipstep/core/plugin";

const noFlow = "its filter is for models of a flow, (1 - sigma) image + sigma noise, and this is none";

/** Denoisers with blocks that it does not fit, by class. */
const unfit: Readonly<Record<string, string>> = {
  SD3Transformer2DModel: "it takes image and text from the last block, which returns no text",
  Flux2Transformer2DModel:
    "what leaves the last block must be as long as what enters the first, and single blocks return text and image as one",
  DiTTransformer2DModel: noFlow,
  PixArtTransformer2DModel: noFlow,
};

/** @throws SKIPSTEP_PLUGIN_REQUIRES for a model that SeaCache is not defined for */
export function checkFit({ className }: Structure): void {
  const reason = unfit[className];
  if (reason !== undefined) throw modelUnfit("seacache", className, reason);
}

/** Of SANA-Sprint, whose denoiser is of SANA's class. @throws SKIPSTEP_PLUGIN_REQUIRES as that one */
export function checkFlow({ generation: { scheduler } }: Run): void {
  if (scheduler.type === "SCMScheduler") throw modelUnfit("seacache", "a model of SCMScheduler", noFlow);
}
