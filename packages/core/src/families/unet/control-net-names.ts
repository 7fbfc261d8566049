import type { ModelFile } from "../../weights/single-file/model-file";
import type { Shapes } from "../../weights/single-file/recipe";
import type { Rule } from "../../weights/single-file/rules";
import { latentDiffusionUNetRules } from "./latent-diffusion-names";

/** A ControlNet as https://github.com/lllyasviel/ControlNet names it, to ControlNetModel. */
function controlNetRules(stored: Shapes): Rule[] {
  const hints = [...stored.keys()].flatMap((name) => /^input_hint_block\.(\d+)\.weight$/.exec(name)?.[1] ?? []);
  const last = Math.max(...hints.map(Number));
  const between = Array.from(
    { length: Math.max(0, last / 2 - 1) },
    (_, i): Rule => [`input_hint_block.${2 * i + 2}`, `controlnet_cond_embedding.blocks.${i}`],
  );
  return [
    ["input_hint_block.0", "controlnet_cond_embedding.conv_in"],
    ...between, // every other one is an activation
    [`input_hint_block.${last}`, "controlnet_cond_embedding.conv_out"],
    ["zero_convs.*.0", "controlnet_down_blocks.*"],
    ["middle_block_out.0", "controlnet_mid_block"],
    ...latentDiffusionUNetRules(stored),
  ];
}

export const controlNetFile: ModelFile = {
  mark: /^controlnet_cond_embedding\.conv_in\.weight$/,
  prefixes: [{ text: "control_model." }],
  layouts: [{ title: "ControlNet", mark: /^input_hint_block\.0\./, rules: controlNetRules }],
};
