import { withParts } from "../../weights/lora/original-names";
import { countOf } from "../../weights/single-file/count-of";
import { denoiserPrefixes, type ModelFile } from "../../weights/single-file/model-file";
import type { Shapes } from "../../weights/single-file/recipe";
import type { Rule } from "../../weights/single-file/rules";

/** Stable Diffusion 3 and 3.5 as its authors name it, https://github.com/Stability-AI/sd3.5, to SD3Transformer2DModel. */
export function sd3Rules(stored: Shapes): readonly Rule[] {
  const last = countOf(stored, "joint_blocks.*") - 1;
  return [
    ["pos_embed", "pos_embed.pos_embed"],
    ["x_embedder.proj", "pos_embed.proj"],
    ...embedder("t_embedder", "timestep_embedder"),
    ...embedder("y_embedder", "text_embedder"),
    // The text's last modulation has shift, scale there; scale, shift here.
    [
      `joint_blocks.${last}.context_block.adaLN_modulation.1`,
      `transformer_blocks.${last}.norm1_context.linear`,
      { swapped: true },
    ],
    ...stream("x_block", ["to_q", "to_k", "to_v"], ["norm_q", "norm_k"], "to_out.0", "norm1", "ff"),
    ["joint_blocks.*.x_block.attn2.qkv", ["to_q", "to_k", "to_v"].map((name) => `transformer_blocks.*.attn2.${name}`)],
    ["joint_blocks.*.x_block.attn2.ln_q", "transformer_blocks.*.attn2.norm_q"],
    ["joint_blocks.*.x_block.attn2.ln_k", "transformer_blocks.*.attn2.norm_k"],
    ["joint_blocks.*.x_block.attn2.proj", "transformer_blocks.*.attn2.to_out.0"],
    ...stream(
      "context_block",
      ["add_q_proj", "add_k_proj", "add_v_proj"],
      ["norm_added_q", "norm_added_k"],
      "to_add_out",
      "norm1_context",
      "ff_context",
    ),
    ["final_layer.linear", "proj_out"],
    ["final_layer.adaLN_modulation.1", "norm_out.linear", { swapped: true }],
  ];
}

function embedder(from: string, to: string): Rule[] {
  return [
    [`${from}.mlp.0`, `time_text_embed.${to}.linear_1`],
    [`${from}.mlp.2`, `time_text_embed.${to}.linear_2`],
  ];
}

/** What image and text have each for itself. */
function stream(
  from: string,
  projections: readonly string[],
  norms: readonly [query: string, key: string],
  output: string,
  modulation: string,
  feedForward: string,
): Rule[] {
  const [block, to] = [`joint_blocks.*.${from}`, "transformer_blocks.*"];
  return [
    [`${block}.attn.qkv`, projections.map((name) => `${to}.attn.${name}`)],
    [`${block}.attn.ln_q`, `${to}.attn.${norms[0]}`],
    [`${block}.attn.ln_k`, `${to}.attn.${norms[1]}`],
    [`${block}.attn.proj`, `${to}.attn.${output}`],
    [`${block}.adaLN_modulation.1`, `${to}.${modulation}.linear`],
    [`${block}.mlp.fc1`, `${to}.${feedForward}.net.0.proj`],
    [`${block}.mlp.fc2`, `${to}.${feedForward}.net.2`],
  ];
}

export const sd3File: ModelFile = {
  mark: /^pos_embed\.pos_embed$/,
  prefixes: denoiserPrefixes,
  layouts: [{ title: "Stability AI", mark: /^joint_blocks\.0\./, rules: sd3Rules }],
  loraNames: (shapes) => withParts(sd3Rules(jointBlocks(shapes))),
};

/** Names by which SD3's blocks are counted there. */
function jointBlocks(shapes: Shapes): Shapes {
  const count = countOf(shapes, "transformer_blocks.*");
  return new Map(Array.from({ length: count }, (_, i) => [`joint_blocks.${i}.`, []]));
}
