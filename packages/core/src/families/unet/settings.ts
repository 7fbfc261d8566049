import type { Sizes } from "../../graph/dim";
import type { Configs, Family, SettingProblem } from "../../loop/family";
import { imageCount, type Settings, type SettingsOf } from "../../loop/settings";
import { flag, number } from "../../schema/option";
import { take } from "../../settings/common-settings";
import { setting } from "../../settings/setting";
import { autoencoderClasses, decodeSizes, scaleFactorOf, tilingProblems } from "../autoencoders/autoencoder";
import { controlSettings, controlSizes, isSteered } from "../control/settings";
import { clipProblems, clipSettings, textSizes, textTokens } from "../encoders/settings";
import { checkChannels, seesMask } from "./inpainting";
import { unet2DCondition } from "./unet-2d-condition";
import type { UNet2DConditionConfig } from "./unet-2d-condition-config";

/** What the families around UNet2DConditionModel have in common before anything is loaded. */

/** Settings that all of them take. */
export const unetSettings = {
  ...take("prompt", "negative_prompt", "num_inference_steps", "guidance_scale"),
  guidance_rescale: setting<number>(
    number(undefined, {
      minimum: 0,
      maximum: 1,
      description: "How far guided predictions are brought back to the spread of the unguided ones. 0 is off.",
    }),
    0,
  ),
  ...clipSettings,
  ...take("height", "width", "seed", "num_images_per_prompt", "sigmas", "timesteps"),
  ...take("image", "mask", "strength", "padding_mask_crop"),
  ...controlSettings,
  guess_mode: setting<boolean>(
    flag(undefined, "ControlNets steer the prompt's own branch alone, and the first layers less than the last."),
    false,
  ),
  ...take("vae_tiling"),
};

export type UNetSettings = SettingsOf<typeof unetSettings>;

export const unetComponents = { unet: unet2DCondition, vae: autoencoderClasses };

/** What they all say of themselves. */
export const unetFamily = {
  sizeMultiple: unetSizeMultiple,
  checkFit: checkChannels,
  needsMask: seesMask,
  schedulers: ["variance-preserving", "variance-exploding"],
  schedulerDefaults: { eta: 0 },
} satisfies Partial<Family>;

/** The size that the model was trained on. @param fallback latent pixels, for a U-Net that does not say */
export function trainedSize({ unet, vae }: Configs, fallback: number): Pick<Settings, "height" | "width"> {
  const { sample_size } = unet as UNet2DConditionConfig;
  const [height, width] = [sample_size ?? fallback].flat() as [number, number?];
  const factor = scaleFactorOf(vae);
  return { height: height * factor, width: (width ?? height) * factor };
}

/** The pipelines want 8, whatever the autoencoder does; the U-Net itself takes every size. */
function unetSizeMultiple({ vae }: Configs): number {
  return Math.max(8, scaleFactorOf(vae));
}

/** As `Family.sizes`. @param textEncoders names of components */
export function unetSizes(
  configs: Configs,
  settings: Settings,
  textEncoders: readonly string[],
): Readonly<Record<string, Sizes>> {
  const { height, width, guidance_scale } = settings;
  const factor = scaleFactorOf(configs.vae);
  const unet = {
    B: Math.max(1, imageCount(settings)) * (guidance_scale > 1 ? 2 : 1),
    h: height / factor,
    w: width / factor,
    S: Math.min(...textEncoders.map((name) => textTokens(configs, settings, name))),
  };
  return {
    ...textSizes(configs, settings, textEncoders),
    unet,
    ...controlSizes(configs, unet),
    vae: decodeSizes(configs.vae, settings),
  };
}

/** As `Family.problems`. @param textEncoders names of components @param usual layer that prompts are taken from */
export function unetProblems(
  configs: Configs,
  settings: UNetSettings,
  textEncoders: readonly string[],
  usual: "last" | "penultimate",
): SettingProblem[] {
  const guess = settings.guess_mode && !isSteered(configs);
  return [
    ...clipProblems(configs, settings, textEncoders, usual),
    ...tilingProblems(configs.vae, settings),
    ...(guess ? [{ key: "guess_mode", text: "is for ControlNets, and the config has none" }] : []),
  ];
}
