import { denoiserPrefixes, type ModelFile } from "../../weights/single-file/model-file";
import type { Shapes } from "../../weights/single-file/recipe";
import type { Rule } from "../../weights/single-file/rules";
import { autoencoderFile } from "../autoencoders/latent-diffusion-names";

/** Everybody has the names that diffusers has. */
export const qwenImageFile: ModelFile = {
  mark: /^transformer_blocks\.0\.img_mod\.1\.weight$/,
  prefixes: denoiserPrefixes,
  layouts: [],
};

/**
 * The autoencoder as Wan's authors name it, https://github.com/Wan-Video/Wan2.1, and so ComfyUI's file, to
 * AutoencoderKLQwenImage. Both halves are one list of blocks there, of which diffusers makes levels in the decoder.
 */
function wanRules(stored: Shapes): Rule[] {
  return [
    ["conv1", "quant_conv"],
    ["conv2", "post_quant_conv"],
    ...["encoder", "decoder"].flatMap((half): Rule[] => [
      [`${half}.conv1`, `${half}.conv_in`],
      ...residual(`${half}.middle.0`, `${half}.mid_block.resnets.0`),
      [`${half}.middle.1`, `${half}.mid_block.attentions.0`],
      ...residual(`${half}.middle.2`, `${half}.mid_block.resnets.1`),
      [`${half}.head.0`, `${half}.norm_out`],
      [`${half}.head.2`, `${half}.conv_out`],
    ]),
    ...residual("encoder.downsamples.*", "encoder.down_blocks.*"),
    ["encoder.downsamples.*", "encoder.down_blocks.*"],
    ...levels(stored),
  ];
}

function residual(from: string, to: string): Rule[] {
  return [
    [`${from}.residual.0`, `${to}.norm1`],
    [`${from}.residual.2`, `${to}.conv1`],
    [`${from}.residual.3`, `${to}.norm2`],
    [`${from}.residual.6`, `${to}.conv2`],
    [`${from}.shortcut`, `${to}.conv_shortcut`],
  ];
}

/** A level of the decoder ends where the size changes. */
function levels(stored: Shapes): Rule[] {
  const list = "decoder.upsamples";
  const rules: Rule[] = [];
  let [level, block] = [0, 0];
  for (let at = 0; ; at++) {
    const isChange = stored.has(`${list}.${at}.resample.1.weight`);
    if (!isChange && !stored.has(`${list}.${at}.residual.2.weight`)) return rules;
    if (isChange) rules.push([`${list}.${at}`, `decoder.up_blocks.${level}.upsamplers.0`]);
    else rules.push(...residual(`${list}.${at}`, `decoder.up_blocks.${level}.resnets.${block}`));
    [level, block] = isChange ? [level + 1, 0] : [level, block + 1];
  }
}

export const qwenImageAutoencoderFile: ModelFile = {
  mark: /^decoder\.mid_block\.attentions\.0\.norm\.gamma$/,
  prefixes: autoencoderFile.prefixes,
  layouts: [{ title: "Wan", mark: /^decoder\.middle\.0\.residual\.0\.gamma$/, rules: wanRules }],
};
