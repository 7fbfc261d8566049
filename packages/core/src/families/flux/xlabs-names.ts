import type { Rule } from "../../weights/single-file/rules";

/** FLUX.1's attentions as https://github.com/XLabs-AI/x-flux names their processors: 1 is the image's stream, 2 the text's. */
export const xlabsNames: readonly Rule[] = [
  ["double_blocks.*.processor.qkv_lora1", ["to_q", "to_k", "to_v"].map((name) => `transformer_blocks.*.attn.${name}`)],
  [
    "double_blocks.*.processor.qkv_lora2",
    ["add_q_proj", "add_k_proj", "add_v_proj"].map((name) => `transformer_blocks.*.attn.${name}`),
  ],
  ["double_blocks.*.processor.proj_lora1", "transformer_blocks.*.attn.to_out.0"],
  ["double_blocks.*.processor.proj_lora2", "transformer_blocks.*.attn.to_add_out"],
  [
    "single_blocks.*.processor.qkv_lora",
    ["to_q", "to_k", "to_v"].map((name) => `single_transformer_blocks.*.attn.${name}`),
  ],
  ["single_blocks.*.processor.proj_lora", "single_transformer_blocks.*.proj_out"],
];
