import { defineFamily } from "../../loop/define-family";
import type { Family, SettingProblem } from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import type { SettingTable } from "../../settings/setting";
import { deepAutoencoder, tilingProblems } from "../autoencoders/autoencoder";
import { gemma2 } from "../encoders/gemma2";
import { complexHumanInstruction } from "./instruction";
import { sana } from "./model";
import { SanaPipeline } from "./pipeline";
import { type SanaSettings, type SanaSprintSettings, sanaSettings, sanaSprintSettings } from "./settings";
import { sanaBinning, sanaSizes, sprintBinning } from "./sizes";
import { SanaSprintPipeline } from "./sprint";

/**
 * SanaPipeline, https://arxiv.org/abs/2410.10629, with diffusers' settings and defaults but for `clean_caption`, as
 * PixArt, and for `use_resolution_binning`, which is off where the model has no sizes for it.
 */
export const sanaFamily = family("SanaPipeline", "SANA", sanaSettings);

/** SanaSprintPipeline and SanaSprintImg2ImgPipeline, https://arxiv.org/abs/2503.09641: one to four steps, and one pass in each. */
export const sanaSprintFamily = family("SanaSprintPipeline", "SANA-Sprint", sanaSprintSettings);

function family(className: string, title: string, settings: SettingTable): Family {
  const isSprint = settings === sanaSprintSettings;
  const binning = isSprint ? sprintBinning : sanaBinning;
  return defineFamily({
    className,
    title,
    settings,
    defaults: (configs, fromImage) => ({
      num_inference_steps: isSprint ? 2 : 20,
      guidance_scale: 4.5,
      height: 1024, // whatever the model was made for
      width: 1024,
      max_sequence_length: 300,
      complex_human_instruction: complexHumanInstruction,
      use_resolution_binning: binning.hasBins(configs),
      ...(fromImage ? { strength: 0.6 } : {}),
    }),
    sizeMultiple: () => 1, // it depends on the settings
    components: { text_encoder: gemma2, transformer: sana, vae: deepAutoencoder },
    schedulers: isSprint ? ["trigflow"] : ["flow"],
    problems: (configs, settings) => [
      ...binning.problems(configs, settings as SanaSettings),
      ...(isSprint ? stepProblems(settings as SanaSprintSettings) : []),
      ...tilingProblems(configs.vae, settings),
    ],
    ...(isSprint ? { firstStep: flowFirstStep } : {}),
    sizes: (configs, settings) => {
      const given = settings as SanaSettings;
      return sanaSizes(configs, isSprint ? { ...given, guidance_scale: 0 } : given, binning);
    },
    open: isSprint ? SanaSprintPipeline.open : SanaPipeline.open,
  });
}

function stepProblems(settings: SanaSprintSettings): SettingProblem[] {
  const { num_inference_steps: steps, intermediate_timesteps: middle, max_timesteps } = settings;
  const problem = (text: string): SettingProblem[] => [{ key: "intermediate_timesteps", text }];
  if (middle === undefined || middle === null) return [];
  if (steps !== 2) return problem(`is for 2 steps, and num_inference_steps is ${steps}. Give null, or leave it out`);
  return middle < max_timesteps ? [] : problem(`must be less than max_timesteps ${max_timesteps}, found ${middle}`);
}
