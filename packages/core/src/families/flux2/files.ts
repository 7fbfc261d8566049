import { partUnfit } from "../../errors/single-file";
import type { JsonObject } from "../../schema/json";
import type { Note } from "../../weights/checkpoint/note";
import { countOf } from "../../weights/single-file/count-of";
import { convertedShapes, partOf } from "../../weights/single-file/file-part";
import type { SingleFiles } from "../../weights/single-file/known-files";
import type { KnownPipeline } from "../../weights/single-file/known-pipeline";
import type { Shapes } from "../../weights/single-file/recipe";
import { saidNames } from "../../weights/single-file/said-names";
import type { StoredFile } from "../../weights/single-file/stored-file";
import { qwen3 } from "../encoders/files";
import { PATCH } from "./patches";

const CLASS = "Flux2Transformer2DModel";
const VAE_CLASS = "AutoencoderKLFlux2";
const title = "FLUX.2 klein";
/** Channels of an attention head; positions are laid out for these only. */
const HEAD = 128;
const LATENT_CHANNELS = 32;

/** As https://huggingface.co/black-forest-labs/FLUX.2-klein-4B has it, and the base model beside it. */
function klein(file: string, stored: StoredFile): KnownPipeline {
  const isBase = /base/i.test(saidNames(file, stored));
  return {
    title,
    className: "Flux2KleinPipeline",
    options: { is_distilled: !isBase },
    components: {
      transformer: { kind: "model", library: "diffusers", className: CLASS, config: transformerConfig },
      vae: { kind: "model", library: "diffusers", className: VAE_CLASS, config: vaeConfig },
      text_encoder: qwen3,
      tokenizer: {
        kind: "tokenizer",
        className: "Qwen2Tokenizer",
        hub: "hf:black-forest-labs/FLUX.2-klein-4B/tokenizer",
      },
      scheduler: {
        kind: "scheduler",
        className: "FlowMatchEulerDiscreteScheduler",
        config: { num_train_timesteps: 1000, shift: 3, use_dynamic_shifting: true },
      },
    },
    notes: [distilledNote(file, isBase)],
  };
}

/** The tensors of both are alike. */
function distilledNote(file: string, isBase: boolean): Note {
  const text = isBase
    ? `${file}: the base model, which is guided, by the word "base" in its name.`
    : `${file}: the distilled model, which is not guided, as its name has no "base". A base model's file needs the word in its name.`;
  return { kind: "conclusion", text };
}

function transformerConfig(shapes: Shapes): JsonObject {
  const at = (name: string): readonly number[] => shapes.get(name) ?? [];
  const [width = 0, channels] = at("x_embedder.weight");
  const [head] = at("transformer_blocks.0.attn.norm_q.weight");
  const [features = 0] = at("transformer_blocks.0.ff.linear_in.weight");
  const expected = LATENT_CHANNELS * PATCH ** 2;
  if (channels !== expected) throw partUnfit(CLASS, title, `must take ${expected} channels, found ${channels}`);
  if (head !== HEAD) throw partUnfit(CLASS, title, `must have heads of ${HEAD} channels, found ${head}`);
  return {
    _class_name: CLASS,
    patch_size: 1,
    in_channels: channels,
    num_layers: countOf(shapes, "transformer_blocks.*"),
    num_single_layers: countOf(shapes, "single_transformer_blocks.*"),
    attention_head_dim: HEAD,
    num_attention_heads: width / HEAD,
    joint_attention_dim: at("context_embedder.weight")[1],
    timestep_guidance_channels: at("time_guidance_embed.timestep_embedder.linear_1.weight")[1],
    mlp_ratio: features / 2 / width, // two halves, one of which gates the other
    axes_dims_rope: [32, 32, 32, 32],
    rope_theta: 2000,
    guidance_embeds: false,
  };
}

function vaeConfig(shapes: Shapes): JsonObject {
  const found = shapes.get("decoder.conv_in.weight")?.[1];
  if (found !== LATENT_CHANNELS)
    throw partUnfit(VAE_CLASS, title, `must have ${LATENT_CHANNELS} latent channels, found ${found}`);
  const levels = countOf(shapes, "encoder.down_blocks.*");
  const widths = (blockOf: (level: number) => string): (number | undefined)[] =>
    Array.from({ length: levels }, (_, level) => shapes.get(`${blockOf(level)}.resnets.0.conv1.weight`)?.[0]);
  return {
    _class_name: VAE_CLASS,
    latent_channels: LATENT_CHANNELS,
    block_out_channels: widths((level) => `encoder.down_blocks.${level}`),
    decoder_block_out_channels: widths((level) => `decoder.up_blocks.${levels - 1 - level}`),
    layers_per_block: countOf(shapes, "encoder.down_blocks.0.resnets.*"),
    down_block_types: new Array<string>(levels).fill("DownEncoderBlock2D"),
    up_block_types: new Array<string>(levels).fill("UpDecoderBlock2D"),
    sample_size: 1024,
    use_quant_conv: shapes.has("quant_conv.weight"),
    use_post_quant_conv: shapes.has("post_quant_conv.weight"),
  };
}

export const flux2Files: SingleFiles = {
  title,
  identify: (file, stored, known) => {
    const part = partOf(known, stored.shapes, CLASS, "transformer");
    if (!part) return undefined;
    if (convertedShapes(part).has("time_guidance_embed.guidance_embedder.linear_1.weight"))
      throw known.unknown(file, "FLUX.2 dev");
    return klein(file, stored);
  },
};
