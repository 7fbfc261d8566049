import { defineFamily } from "../../loop/define-family";
import type { SettingProblem } from "../../loop/family";
import { tilingProblems } from "../autoencoders/autoencoder";
import { autoencoderDc } from "../autoencoders/autoencoder-dc";
import { gemma2 } from "../encoders/gemma2";
import { complexHumanInstruction } from "./instruction";
import { sana } from "./model";
import { SanaPipeline } from "./pipeline";
import { type SanaSprintSettings, sanaSettings, sanaSprintSettings } from "./settings";
import { sanaBinning, sanaSizes, sprintBinning } from "./sizes";
import { SanaSprintPipeline } from "./sprint";

const components = {
  text_encoder: gemma2,
  transformer: sana,
  vae: { AutoencoderDC: { architecture: autoencoderDc, entry: "decode" } },
};

/** Whatever the model was made for. */
const defaults = {
  guidance_scale: 4.5,
  height: 1024,
  width: 1024,
  max_sequence_length: 300,
  complex_human_instruction: complexHumanInstruction,
};

/**
 * SanaPipeline, https://arxiv.org/abs/2410.10629, with diffusers' settings and defaults but for `clean_caption`, as
 * PixArt, and for `use_resolution_binning`, which is off where the model has no sizes for it.
 */
export const sanaFamily = defineFamily({
  className: "SanaPipeline",
  title: "SANA",
  settings: sanaSettings,
  defaults: (configs) => ({
    ...defaults,
    num_inference_steps: 20,
    use_resolution_binning: sanaBinning.hasBins(configs),
  }),
  sizeMultiple: () => 1, // it depends on the settings
  components,
  schedulers: ["flow"],
  problems: (configs, settings) => [
    ...sanaBinning.problems(configs, settings),
    ...tilingProblems(configs.vae, settings),
  ],
  sizes: (configs, settings) => sanaSizes(configs, settings, sanaBinning),
  open: SanaPipeline.open,
});

/** SanaSprintPipeline, https://arxiv.org/abs/2503.09641: one to four steps; see `sanaFamily`. */
export const sanaSprintFamily = defineFamily({
  className: "SanaSprintPipeline",
  title: "SANA-Sprint",
  settings: sanaSprintSettings,
  defaults: (configs) => ({
    ...defaults,
    num_inference_steps: 2,
    use_resolution_binning: sprintBinning.hasBins(configs),
  }),
  sizeMultiple: () => 1,
  components,
  schedulers: ["trigflow"],
  problems: (configs, settings) => [
    ...sprintBinning.problems(configs, settings),
    ...stepProblems(settings),
    ...tilingProblems(configs.vae, settings),
  ],
  sizes: (configs, settings) => sanaSizes(configs, { ...settings, guidance_scale: 0 }, sprintBinning),
  open: SanaSprintPipeline.open,
});

function stepProblems(settings: SanaSprintSettings): SettingProblem[] {
  const { num_inference_steps: steps, intermediate_timesteps: middle, max_timesteps } = settings;
  const problem = (text: string): SettingProblem[] => [{ key: "intermediate_timesteps", text }];
  if (middle === undefined || middle === null) return [];
  if (steps !== 2) return problem(`is for 2 steps, and num_inference_steps is ${steps}. Give null, or leave it out`);
  return middle < max_timesteps ? [] : problem(`must be less than max_timesteps ${max_timesteps}, found ${middle}`);
}
