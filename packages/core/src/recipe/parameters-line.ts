import type { CommonValues } from "../settings/common-settings";
import type { Recipe } from "./recipe";

/** The lines that Stable Diffusion web UIs write and read. */
export function parametersLine({ config, versions, image }: Recipe): string {
  // What a family does not take, or was not given, is not there.
  const { prompt = [], negative_prompt = [], ...settings } = config.generate as unknown as CommonValues;
  const at = Math.floor(image / settings.num_images_per_prompt);
  const negative = negative_prompt[at] ?? "";
  const facts = {
    Steps: settings.num_inference_steps,
    Sampler: config.scheduler?.type ?? "checkpoint",
    "CFG scale": settings.guidance_scale,
    Seed: settings.seed,
    Size: `${settings.width}x${settings.height}`,
    Model: config.model.name,
    RNG: "CPU",
    Version: `skipstep ${versions["@skipstep/core"]}`,
  };
  const line = Object.entries(facts).map(([key, value]) => `${key}: ${value}`);
  return [prompt[at] ?? "", ...(negative === "" ? [] : [`Negative prompt: ${negative}`]), line.join(", ")].join("\n");
}
