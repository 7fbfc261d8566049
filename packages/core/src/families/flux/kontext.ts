import { defineFamily } from "../../loop/define-family";
import { fluxFiles } from "./files";
import { checkFit } from "./fit";
import { kontextLook, kontextProblems, kontextReferences } from "./kontext-references";
import { kontextSettings } from "./kontext-settings";
import { seenSize, settle } from "./kontext-sizes";
import { opened, problems, shared, usual } from "./shared-family";
import { fluxSizes } from "./sizes";

/** FluxKontextPipeline, https://arxiv.org/abs/2506.15742: an image to look at lies behind the one that is drawn. */
export const fluxKontextFamily = defineFamily({
  ...shared,
  className: "FluxKontextPipeline",
  title: "FLUX.1 Kontext",
  singleFiles: fluxFiles("FluxKontextPipeline"),
  settings: kontextSettings,
  defaults: (configs) => ({ ...usual(configs), guidance_scale: 3.5 }),
  settle,
  references: kontextReferences,
  problems: (configs, settings) => [...problems(configs, settings), ...kontextProblems(settings)],
  sizes: (configs, settings) => fluxSizes(configs, settings, seenSize(configs, settings)),
  open: (parts) => opened(parts, checkFit, { look: kontextLook(parts) }),
});
