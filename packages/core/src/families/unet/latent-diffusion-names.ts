import { denoiserPrefixes, type ModelFile } from "../../weights/single-file/model-file";
import type { Shapes } from "../../weights/single-file/recipe";
import type { Rule } from "../../weights/single-file/rules";
import { markTensors, noiseMarks } from "./noise-marks";

/**
 * The U-Net of https://github.com/CompVis/latent-diffusion and of https://github.com/Stability-AI/generative-models, to
 * UNet2DConditionModel. There, blocks are counted through all levels; a level ends at its down- or upsampler.
 */
export function latentDiffusionUNetRules(stored: Shapes): Rule[] {
  return [
    ["time_embed.0", "time_embedding.linear_1"],
    ["time_embed.2", "time_embedding.linear_2"],
    ["label_emb.0.0", "add_embedding.linear_1"],
    ["label_emb.0.2", "add_embedding.linear_2"],
    ["input_blocks.0.0", "conv_in"],
    ["out.0", "conv_norm_out"],
    ["out.2", "conv_out"],
    ...downRules(stored),
    ...residual("middle_block.0", "mid_block.resnets.0"),
    ["middle_block.1", "mid_block.attentions.0"],
    ...residual("middle_block.2", "mid_block.resnets.1"),
    ...upRules(stored),
  ];
}

function downRules(stored: Shapes): Rule[] {
  const rules: Rule[] = [];
  let [level, layer] = [0, 0];
  for (const i of blocksOf(stored, "input_blocks").slice(1)) {
    const [from, to] = [`input_blocks.${i}`, `down_blocks.${level}`];
    if (stored.has(`${from}.0.op.weight`)) {
      rules.push([`${from}.0.op`, `${to}.downsamplers.0.conv`]);
      [level, layer] = [level + 1, 0];
    } else {
      rules.push(...residual(`${from}.0`, `${to}.resnets.${layer}`), [`${from}.1`, `${to}.attentions.${layer}`]);
      layer++;
    }
  }
  return rules;
}

function upRules(stored: Shapes): Rule[] {
  const rules: Rule[] = [];
  let [level, layer] = [0, 0];
  for (const i of blocksOf(stored, "output_blocks")) {
    const [from, to] = [`output_blocks.${i}`, `up_blocks.${level}`];
    // The upsampler stands behind the attention, or in its place.
    const upsampler = [1, 2].map((part) => `${from}.${part}`).find((part) => stored.has(`${part}.conv.weight`));
    if (upsampler) rules.push([`${upsampler}.conv`, `${to}.upsamplers.0.conv`]);
    rules.push(...residual(`${from}.0`, `${to}.resnets.${layer}`), [`${from}.1`, `${to}.attentions.${layer}`]);
    [level, layer] = upsampler ? [level + 1, 0] : [level, layer + 1];
  }
  return rules;
}

function residual(from: string, to: string): Rule[] {
  return [
    [`${from}.in_layers.0`, `${to}.norm1`],
    [`${from}.in_layers.2`, `${to}.conv1`],
    [`${from}.emb_layers.1`, `${to}.time_emb_proj`],
    [`${from}.out_layers.0`, `${to}.norm2`],
    [`${from}.out_layers.3`, `${to}.conv2`],
    [`${from}.skip_connection`, `${to}.conv_shortcut`],
  ];
}

/** Numbers of the blocks of a list, in order. */
function blocksOf(stored: Shapes, list: string): number[] {
  const numbers = [...stored.keys()].flatMap((name) => {
    const [head, number] = name.split(".");
    return head === list ? [Number(number)] : [];
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}

export const unetFile: ModelFile = {
  mark: /^down_blocks\.0\.resnets\.0\.time_emb_proj\.weight$/,
  prefixes: denoiserPrefixes,
  layouts: [{ title: "latent-diffusion", mark: /^input_blocks\.0\.0\./, rules: latentDiffusionUNetRules }],
  marks: markTensors,
  trainedOn: noiseMarks,
  loraNames: (shapes) => [latentDiffusionUNetRules(latentDiffusionBlocks(shapes))],
};

/** Names by which a latent-diffusion U-Net's blocks are told apart: there they are counted through all levels. */
function latentDiffusionBlocks(shapes: Shapes): Shapes {
  const blocks = new Map<string, readonly number[]>([["input_blocks.0.0.weight", []]]);
  let input = 1;
  for (let level = 0; shapes.has(`down_blocks.${level}.resnets.0.conv1.weight`); level++) {
    for (let layer = 0; shapes.has(`down_blocks.${level}.resnets.${layer}.conv1.weight`); layer++)
      blocks.set(`input_blocks.${input++}.0.in_layers.2.weight`, []);
    if (shapes.has(`down_blocks.${level}.downsamplers.0.conv.weight`))
      blocks.set(`input_blocks.${input++}.0.op.weight`, []);
  }
  let output = 0;
  for (let level = 0; shapes.has(`up_blocks.${level}.resnets.0.conv1.weight`); level++) {
    for (let layer = 0; shapes.has(`up_blocks.${level}.resnets.${layer}.conv1.weight`); layer++)
      blocks.set(`output_blocks.${output++}.0.in_layers.2.weight`, []);
    const part = shapes.has(`up_blocks.${level}.attentions.0.proj_in.weight`) ? 2 : 1;
    if (shapes.has(`up_blocks.${level}.upsamplers.0.conv.weight`))
      blocks.set(`output_blocks.${output - 1}.${part}.conv.weight`, []);
  }
  return blocks;
}
