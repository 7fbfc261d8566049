import { defineFamily } from "../../loop/define-family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { fluxFiles } from "./files";
import { fillInpainting } from "./fill-inpainting";
import { checkFillFit } from "./fit";
import { fillSettings } from "./settings";
import { opened, problems, shared, usual } from "./shared-family";
import { fluxSizes } from "./sizes";

/** FluxFillPipeline: paints a part of an image anew, by a model that sees the rest and the mask. */
export const fluxFillFamily = defineFamily({
  ...shared,
  className: "FluxFillPipeline",
  title: "FLUX.1 Fill",
  singleFiles: fluxFiles("FluxFillPipeline"),
  settings: fillSettings,
  defaults: (configs) => ({ ...usual(configs), num_inference_steps: 50, guidance_scale: 30 }),
  needsMask: () => true,
  problems,
  firstStep: flowFirstStep,
  sizes: (configs, settings) => fluxSizes(configs, settings),
  open: (parts) => opened(parts, checkFillFit, { inpainting: fillInpainting(parts) }),
});
