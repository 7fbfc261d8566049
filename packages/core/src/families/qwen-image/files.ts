import { basename } from "node:path";
import { partUnfit } from "../../errors/single-file";
import type { JsonObject } from "../../schema/json";
import { countOf } from "../../weights/single-file/count-of";
import { partOf } from "../../weights/single-file/file-part";
import type { SingleFiles } from "../../weights/single-file/known-files";
import type { KnownPipeline } from "../../weights/single-file/known-pipeline";
import type { Shapes } from "../../weights/single-file/recipe";
import type { StoredFile } from "../../weights/single-file/stored-file";
import { qwen25Vl } from "../encoders/files";
import { latentStatistics } from "./autoencoder";

const CLASS = "QwenImageTransformer2DModel";
const VAE_CLASS = "AutoencoderKLQwenImage";
const title = "Qwen-Image";
/** Channels of an attention head; positions are laid out for these only. */
const HEAD = 128;
const CHANNELS = 64;
const LATENT_CHANNELS = 16;

/** As https://huggingface.co/Qwen/Qwen-Image has it. */
const qwenImage: KnownPipeline = {
  title,
  className: "QwenImagePipeline",
  options: {},
  components: {
    transformer: { kind: "model", library: "diffusers", className: CLASS, config: transformerConfig },
    vae: { kind: "model", library: "diffusers", className: VAE_CLASS, config: vaeConfig },
    text_encoder: qwen25Vl,
    tokenizer: { kind: "tokenizer", className: "Qwen2Tokenizer", hub: "hf:Qwen/Qwen-Image/tokenizer" },
    scheduler: {
      kind: "scheduler",
      className: "FlowMatchEulerDiscreteScheduler",
      config: {
        ...{ num_train_timesteps: 1000, shift: 1, use_dynamic_shifting: true, shift_terminal: 0.02 },
        ...{ base_image_seq_len: 256, max_image_seq_len: 8192, base_shift: 0.5, max_shift: 0.9 },
      },
    },
  },
};

function transformerConfig(shapes: Shapes): JsonObject {
  const at = (name: string): readonly number[] => shapes.get(name) ?? [];
  const [width = 0, channels] = at("img_in.weight");
  const [head] = at("transformer_blocks.0.attn.norm_q.weight");
  const [given = 0] = at("proj_out.weight");
  if (channels !== CHANNELS) throw partUnfit(CLASS, title, `must take ${CHANNELS} channels, found ${channels}`);
  if (head !== HEAD) throw partUnfit(CLASS, title, `must have heads of ${HEAD} channels, found ${head}`);
  return {
    _class_name: CLASS,
    patch_size: 2,
    in_channels: channels,
    out_channels: given / 4,
    num_layers: countOf(shapes, "transformer_blocks.*"),
    attention_head_dim: HEAD,
    num_attention_heads: width / HEAD,
    joint_attention_dim: at("txt_in.weight")[1],
    guidance_embeds: false,
    axes_dims_rope: [16, 56, 56],
  };
}

/** Widths and depths by the encoder's list of blocks, in which changes of size stand between the levels. */
function vaeConfig(shapes: Shapes): JsonObject {
  const found = shapes.get("decoder.conv_in.weight")?.[1];
  if (found !== LATENT_CHANNELS)
    throw partUnfit(VAE_CLASS, title, `must have ${LATENT_CHANNELS} latent channels, found ${found}`);
  const [base = 0, colours] = shapes.get("encoder.conv_in.weight") ?? [];
  if (colours !== 3)
    throw partUnfit(VAE_CLASS, title, `must take 3 channels, found ${colours}; Qwen-Image-Layered has 4`);
  const list = "encoder.down_blocks";
  const widths: number[][] = [[]];
  const shrinks: boolean[] = [];
  for (let at = 0; at < countOf(shapes, `${list}.*`); at++) {
    const width = shapes.get(`${list}.${at}.conv1.weight`)?.[0];
    if (width !== undefined) widths.at(-1)!.push(width);
    else {
      widths.push([]);
      shrinks.push(shapes.has(`${list}.${at}.time_conv.weight`));
    }
  }
  return {
    _class_name: VAE_CLASS,
    base_dim: base,
    z_dim: LATENT_CHANNELS,
    dim_mult: widths.map(([width = 0]) => width / base),
    num_res_blocks: widths[0]!.length,
    temperal_downsample: shrinks,
    input_channels: colours,
    ...latentStatistics,
  };
}

/** Models that edit images have the same tensors. @param file its path, or its name on the hub */
function isForEditing(file: string, { metadata }: StoredFile): boolean {
  const names = [file.startsWith("hf:") ? file : basename(file), metadata["general.name"], metadata["modelspec.title"]];
  return names.some((name) => typeof name === "string" && /(^|[^a-z])edit([^a-z]|$)/i.test(name));
}

export const qwenImageFiles: SingleFiles = {
  title,
  identify: (file, stored, known) => {
    if (!partOf(known, stored.shapes, CLASS, "transformer")) return undefined;
    if (isForEditing(file, stored)) throw known.unknown(file, 'Qwen-Image-Edit, by the word "edit" in its name');
    return qwenImage;
  },
};
