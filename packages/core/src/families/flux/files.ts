import { partUnfit } from "../../errors/single-file";
import type { JsonObject } from "../../schema/json";
import { countOf } from "../../weights/single-file/count-of";
import { partOf } from "../../weights/single-file/file-part";
import type { SingleFiles } from "../../weights/single-file/known-files";
import type { KnownPipeline } from "../../weights/single-file/known-pipeline";
import type { Shapes } from "../../weights/single-file/recipe";
import { fluxLatents, knownVae } from "../autoencoders/files";
import { clipL, clipTokenizer, t5 } from "../encoders/files";

const CLASS = "FluxTransformer2DModel";
const title = "FLUX.1";
/** Channels of an attention head; positions are laid out for these only. */
const HEAD = 128;
const CHANNELS = 64;
const GUIDANCE = /(^|\.)(guidance_in|guidance_embedder)\./;

/** As https://huggingface.co/black-forest-labs/FLUX.1-dev and FLUX.1-schnell have it. @param stored tensors of the file */
function flux1(stored: Shapes): KnownPipeline {
  const isDev = [...stored.keys()].some((name) => GUIDANCE.test(name));
  const shifting = { shift: 3, use_dynamic_shifting: true, base_shift: 0.5, max_shift: 1.15 };
  return {
    title,
    className: "FluxPipeline",
    options: {},
    components: {
      transformer: { kind: "model", library: "diffusers", className: CLASS, config: transformerConfig },
      vae: knownVae(title, fluxLatents),
      text_encoder: clipL,
      text_encoder_2: t5,
      tokenizer: clipTokenizer,
      tokenizer_2: { kind: "tokenizer", className: "T5TokenizerFast", hub: "hf:google/t5-v1_1-xxl" },
      scheduler: {
        kind: "scheduler",
        className: "FlowMatchEulerDiscreteScheduler",
        config: {
          num_train_timesteps: 1000,
          base_image_seq_len: 256,
          max_image_seq_len: 4096,
          ...(isDev ? shifting : { shift: 1, use_dynamic_shifting: false }),
        },
      },
    },
  };
}

function transformerConfig(shapes: Shapes): JsonObject {
  const [, channels] = shapes.get("x_embedder.weight") as [number, number];
  if (channels !== CHANNELS) throw partUnfit(CLASS, title, channelProblem(channels));
  return { ...blocksConfig(shapes), _class_name: CLASS };
}

/** What tensors say of a model of FLUX's blocks. @throws SKIPSTEP_FILE_PART */
export function blocksConfig(shapes: Shapes): JsonObject {
  const [width, channels] = shapes.get("x_embedder.weight") as [number, number];
  const [head] = shapes.get("transformer_blocks.0.attn.norm_q.weight") as [number];
  if (head !== HEAD) throw partUnfit(CLASS, title, `must have heads of ${HEAD} channels, found ${head}`);
  return {
    patch_size: 1,
    in_channels: channels,
    num_layers: countOf(shapes, "transformer_blocks.*"),
    num_single_layers: countOf(shapes, "single_transformer_blocks.*"),
    attention_head_dim: HEAD,
    num_attention_heads: width / HEAD,
    joint_attention_dim: shapes.get("context_embedder.weight")?.[1],
    pooled_projection_dim: shapes.get("time_text_embed.text_embedder.linear_1.weight")?.[1],
    guidance_embeds: shapes.has("time_text_embed.guidance_embedder.linear_1.weight"),
    axes_dims_rope: [16, 56, 56],
  };
}

/** Models for editing see a picture beside the latents, and some a mask. */
function channelProblem(channels: number): string {
  const kind = { 128: "FLUX.1 Depth or Canny", 384: "FLUX.1 Fill" }[channels] ?? "one for editing";
  return `must take ${CHANNELS} channels, found ${channels}: it is ${kind}, which is not drawn`;
}

export const fluxFiles: SingleFiles = {
  title,
  identify: (_, { shapes }, known) => (partOf(known, shapes, CLASS, "transformer") ? flux1(shapes) : undefined),
};
