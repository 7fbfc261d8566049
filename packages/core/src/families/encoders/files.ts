import type { JsonObject } from "../../schema/json";
import { countOf } from "../../weights/single-file/count-of";
import type { KnownModel, KnownTokenizer } from "../../weights/single-file/known-pipeline";
import type { Shapes } from "../../weights/single-file/recipe";

/** The end token is the one with the highest id, as CLIP's own code has it: config.json says 2 for that. */
const END_TOKEN = 2;
const CLIP_HEAD = 64;

/** OpenAI's CLIP-L. */
export const clipL: KnownModel = {
  kind: "model",
  library: "transformers",
  className: "CLIPTextModel",
  config: (shapes) => ({ ...clipConfig(shapes), hidden_act: "quick_gelu" }),
};

/** OpenCLIP's CLIP-bigG. */
export const clipG: KnownModel = {
  kind: "model",
  library: "transformers",
  className: "CLIPTextModelWithProjection",
  config: (shapes) => ({
    ...clipConfig(shapes),
    hidden_act: "gelu",
    projection_dim: shapes.get("text_projection.weight")?.[0],
  }),
};

/** OpenCLIP's CLIP-H as Stable Diffusion 2 has it: what its last layer but one gives is what the model was trained on. */
export const clipH: KnownModel = {
  kind: "model",
  library: "transformers",
  className: "CLIPTextModel",
  config: (shapes) => {
    const { num_hidden_layers: layers, ...config } = clipConfig(shapes);
    // OpenCLIP's own files have that last layer, and a projection; diffusers' have neither.
    const isWhole = shapes.has("text_projection.weight");
    return { ...config, num_hidden_layers: Number(layers) - (isWhole ? 1 : 0), hidden_act: "gelu" };
  },
  withoutEffect: ({ num_hidden_layers: layers }) => new RegExp(`^text_model\\.encoder\\.layers\\.${layers}\\.`),
};

/** T5 v1.1 XXL. */
export const t5: KnownModel = {
  kind: "model",
  library: "transformers",
  className: "T5EncoderModel",
  config: (shapes) => {
    const [inner, width] = shapes.get("encoder.block.0.layer.0.SelfAttention.q.weight")!;
    const bias = shapes.get("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
    const [buckets, heads] = bias as [number, number];
    return {
      vocab_size: (shapes.get("shared.weight") ?? shapes.get("encoder.embed_tokens.weight"))?.[0],
      d_model: width,
      d_kv: inner! / heads,
      d_ff: shapes.get("encoder.block.0.layer.1.DenseReluDense.wo.weight")?.[1],
      num_layers: countOf(shapes, "encoder.block.*"),
      num_heads: heads,
      relative_attention_num_buckets: buckets,
      feed_forward_proj: "gated-gelu",
    };
  },
};

/** Qwen3-4B, without what it generates text with. */
export const qwen3: KnownModel = {
  kind: "model",
  library: "transformers",
  className: "Qwen3ForCausalLM",
  config: (shapes) => {
    const model = shapes.has("model.embed_tokens.weight") ? "model." : "";
    const at = (name: string): readonly number[] => shapes.get(`${model}${name}`)!;
    const [headDim] = at("layers.0.self_attn.q_norm.weight") as [number];
    const [vocabulary, width] = at("embed_tokens.weight");
    return {
      vocab_size: vocabulary,
      hidden_size: width,
      intermediate_size: at("layers.0.mlp.gate_proj.weight")[0],
      num_hidden_layers: countOf(shapes, `${model}layers.*`),
      num_attention_heads: at("layers.0.self_attn.q_proj.weight")[0]! / headDim,
      num_key_value_heads: at("layers.0.self_attn.k_proj.weight")[0]! / headDim,
      head_dim: headDim,
      rope_theta: 1_000_000,
    };
  },
};

/** Channels of an attention head in all sizes of Qwen2.5-VL. */
const QWEN_HEAD = 128;

/** Qwen2.5-VL 7B. */
export const qwen25Vl: KnownModel = {
  kind: "model",
  library: "transformers",
  className: "Qwen2_5_VLForConditionalGeneration",
  config: (shapes) => {
    const at = (name: string): readonly number[] => shapes.get(`model.${name}`) ?? shapes.get(name) ?? [];
    const [vocabulary, width] = at("embed_tokens.weight");
    return {
      vocab_size: vocabulary,
      hidden_size: width,
      intermediate_size: at("layers.0.mlp.gate_proj.weight")[0],
      num_hidden_layers: Math.max(countOf(shapes, "model.layers.*"), countOf(shapes, "layers.*")),
      num_attention_heads: at("layers.0.self_attn.q_proj.weight")[0]! / QWEN_HEAD,
      num_key_value_heads: at("layers.0.self_attn.k_proj.weight")[0]! / QWEN_HEAD,
      rms_norm_eps: 1e-6,
      rope_theta: 1_000_000,
    };
  },
};

/** Sizes of a CLIP text encoder; a head has 64 channels in all of them. */
function clipConfig(shapes: Shapes): JsonObject {
  const model = shapes.has("text_model.embeddings.token_embedding.weight") ? "text_model." : "";
  const [vocabulary, width] = shapes.get(`${model}embeddings.token_embedding.weight`) as [number, number];
  return {
    vocab_size: vocabulary,
    hidden_size: width,
    intermediate_size: shapes.get(`${model}encoder.layers.0.mlp.fc1.weight`)?.[0],
    num_hidden_layers: countOf(shapes, `${model}encoder.layers.*`),
    num_attention_heads: width / CLIP_HEAD,
    max_position_embeddings: shapes.get(`${model}embeddings.position_embedding.weight`)?.[0],
    eos_token_id: END_TOKEN,
  };
}

export const clipTokenizer: KnownTokenizer = {
  kind: "tokenizer",
  className: "CLIPTokenizer",
  hub: "hf:openai/clip-vit-large-patch14",
};

/** Of OpenCLIP's encoders: the vocabulary of CLIP-L, and another token for padding. */
export const clipGTokenizer: KnownTokenizer = {
  kind: "tokenizer",
  className: "CLIPTokenizer",
  hub: "hf:stabilityai/stable-diffusion-xl-base-1.0/tokenizer_2",
};
