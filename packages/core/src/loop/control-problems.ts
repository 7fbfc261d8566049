import { list } from "../errors/nearest";
import { picturesOf } from "../image/picture";
import { commonSettings } from "../settings/common-settings";
import { controlNetsIn } from "./control-nets";
import { eachNet } from "./control-schedule";
import type { SettingProblem } from "./family";
import type { RecognisedModel } from "./recognised-model";
import type { Settings } from "./settings";

/** Settings that are for ControlNets alone, and one for all of them or one a net. */
const perNet = ["controlnet_conditioning_scale", "control_guidance_start", "control_guidance_end"] as const;

/** What is wrong with the settings of ControlNets. */
export function controlProblems({ family, components }: RecognisedModel, settings: Settings): SettingProblem[] {
  const nets = controlNetsIn(components.keys());
  if (!family.controlNets) return [];
  if (nets.length === 0)
    return (["control_image", ...perNet] as const)
      .filter((key) => settings[key] !== commonSettings[key].neutral) // which recipes have
      .map((key) => ({
        key,
        text: 'is for a ControlNet. Add one to the config: "components": { "controlnet": "<folder, file or hf:owner/name>" }',
      }));
  const pictures = picturesOf(settings.control_image).length;
  const counts: SettingProblem[] = perNet.flatMap((key) => {
    const { length } = eachNet(settings[key], nets.length);
    return length === nets.length ? [] : [{ key, text: `must be one number or ${forEach(nets)}, found ${length}` }];
  });
  if (pictures > 0 && pictures !== nets.length)
    counts.unshift({ key: "control_image", text: `must be ${forEach(nets)}, found ${pictures}` });
  return counts.length > 0 ? counts : emptyIntervals(settings, nets);
}

/** Nets without a picture to follow; a request may still bring it where a config does not. */
export function missingControl({ components }: RecognisedModel, settings: Settings): SettingProblem[] {
  const nets = controlNetsIn(components.keys());
  if (nets.length === 0 || picturesOf(settings.control_image).length > 0) return [];
  return [{ key: "control_image", text: `is needed, here or in the config: ${forEach(nets)}` }];
}

function emptyIntervals({ control_guidance_start, control_guidance_end }: Settings, nets: string[]): SettingProblem[] {
  const ends = eachNet(control_guidance_end, nets.length);
  return eachNet(control_guidance_start, nets.length).flatMap((start, net): SettingProblem[] => {
    if (start < ends[net]!) return [];
    const which = nets.length > 1 ? ` for ${nets[net]}` : "";
    return [
      { key: "control_guidance_start", text: `${start} must be below control_guidance_end ${ends[net]}${which}` },
    ];
  });
}

/** `one for each ControlNet: controlnet, controlnet_1` */
function forEach(nets: readonly string[]): string {
  return nets.length === 1 ? "one, for the one ControlNet" : `one for each ControlNet: ${list(nets)}`;
}
