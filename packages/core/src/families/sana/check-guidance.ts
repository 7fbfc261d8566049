import { modelOptions } from "../../errors/models";
import type { FamilyParts } from "../../loop/family";
import type { SanaConfig } from "./model";

/** The reference's pipelines fail with each other's transformers. @param isTold whether the model is told of the guidance */
export function checkGuidance({ configs }: Pick<FamilyParts, "configs">, isTold: boolean): void {
  if ((configs.transformer as SanaConfig).guidance_embeds === isTold) return;
  const [own, other] = isTold ? ["SANA-Sprint", "SANA"] : ["SANA", "SANA-Sprint"];
  throw modelOptions("SanaTransformer2DModel", [
    `"guidance_embeds" must be ${isTold} for the pipeline of ${own}, found ${!isTold}: that is ${other}'s`,
  ]);
}
