import type { ModelFile } from "../../weights/single-file/model-file";
import type { Rule } from "../../weights/single-file/rules";

/** A text encoder of https://github.com/mlfoundations/open_clip, to CLIPTextModelWithProjection. */
export const openClipNames: readonly Rule[] = [
  ["positional_embedding", "text_model.embeddings.position_embedding.weight"],
  ["token_embedding", "text_model.embeddings.token_embedding"],
  ["ln_final", "text_model.final_layer_norm"],
  ["text_projection", "text_projection.weight", { transposed: true }], // multiplied from the right there
  layer("ln_1", "layer_norm1"),
  layer("ln_2", "layer_norm2"),
  layer("mlp.c_fc", "mlp.fc1"),
  layer("mlp.c_proj", "mlp.fc2"),
  layer("attn.out_proj", "self_attn.out_proj"),
  fused("weight"),
  fused("bias"),
];

function layer(from: string, to: string): Rule {
  return [`transformer.resblocks.*.${from}`, `text_model.encoder.layers.*.${to}`];
}

/** Query, key and value as one tensor. */
function fused(kind: "weight" | "bias"): Rule {
  const names = ["q_proj", "k_proj", "v_proj"].map((name) => `text_model.encoder.layers.*.self_attn.${name}.${kind}`);
  return [`transformer.resblocks.*.attn.in_proj_${kind}`, names];
}

const clip: ModelFile = {
  mark: /^(text_model\.)?embeddings\.token_embedding\.weight$/,
  prefixes: [
    { text: "cond_stage_model.transformer.", component: "text_encoder" },
    { text: "cond_stage_model.model.", component: "text_encoder" },
    { text: "conditioner.embedders.0.transformer.", component: "text_encoder" },
    { text: "conditioner.embedders.1.model.", component: "text_encoder_2" },
    { text: "text_encoders.clip_l.transformer.", component: "text_encoder" },
    { text: "text_encoders.clip_g.transformer.", component: "text_encoder_2" },
  ],
  layouts: [{ title: "open_clip", mark: /^transformer\.resblocks\.0\./, rules: () => openClipNames }],
};

/** Of encoders of which only the tokens are used. */
export const clipFile: ModelFile = {
  ...clip,
  unneeded: /^(text_projection(\.weight)?$|visual(_projection)?\.|vision_model\.)/,
  unneededModules: ["text_projection"],
};

/** Of those whose pooled output is used. */
export const projectedClipFile: ModelFile = { ...clip, unneeded: /^(visual(_projection)?\.|vision_model\.)/ };
