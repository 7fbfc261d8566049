import { type Plugin, plugin } from "@skipstep/core/plugin";
import { ddimFamily, ddpmFamily } from "./family";
import { gradientEstimation } from "./gradient-estimation";

/** Brings families and a scheduler: it has no options and no hooks. */
@plugin<Record<string, never>>({
  name: "ddpm",
  description: "Draws with DDPM and DDIM, models of pixels without a prompt.",
  options: { type: "object", additionalProperties: false, required: [], properties: {} },
  families: [ddpmFamily, ddimFamily],
  schedulers: [gradientEstimation],
})
export class Ddpm implements Plugin {}
