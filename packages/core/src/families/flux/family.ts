import { defineFamily } from "../../loop/define-family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { take } from "../../settings/common-settings";
import { isSteered } from "../control/settings";
import { fluxControlNets, modeProblems } from "./control-nets";
import { fluxFiles } from "./files";
import { checkFit } from "./fit";
import { fluxControlSettings, fluxSettings } from "./settings";
import { opened, problems, shared, usual } from "./shared-family";
import { fluxSizes } from "./sizes";

/**
 * FluxPipeline and FluxImg2ImgPipeline: FLUX.1 dev and schnell, with diffusers' settings and defaults. `guidance_scale`
 * is an input of the model where it was distilled to take one (dev); true guidance away from a negative prompt is a
 * second pass.
 */
export const fluxFamily = defineFamily({
  ...shared,
  className: "FluxPipeline",
  aliases: ["FluxInpaintPipeline"],
  title: "FLUX.1",
  singleFiles: fluxFiles("FluxPipeline"),
  settings: { ...fluxSettings, ...take("mask", "strength", "padding_mask_crop"), ...fluxControlSettings },
  defaults: (configs, fromImage) => ({
    ...usual(configs),
    guidance_scale: fromImage || isSteered(configs) ? 7 : 3.5,
    ...(fromImage ? { strength: 0.6 } : {}),
  }),
  controlNets: fluxControlNets,
  problems: (configs, settings) => [...problems(configs, settings), ...modeProblems(configs, settings)],
  firstStep: flowFirstStep,
  sizes: (configs, settings) => fluxSizes(configs, settings),
  open: (parts) => opened(parts, checkFit),
});
