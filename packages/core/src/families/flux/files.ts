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
import { fluxLatents, knownVae } from "../autoencoders/files";
import { clipL, clipTokenizer, t5 } from "../encoders/files";

const CLASS = "FluxTransformer2DModel";
const titles = {
  FluxPipeline: "FLUX.1",
  FluxKontextPipeline: "FLUX.1 Kontext",
  FluxFillPipeline: "FLUX.1 Fill",
} as const;
type ClassName = keyof typeof titles;
/** Channels of an attention head; positions are laid out for these only. */
const HEAD = 128;
/** Of a token's latents; and of what Fill sees: as many again of the image that it keeps, and the mask. */
const CHANNELS = 64;
const FILL_CHANNELS = 384;
const GUIDANCE = /(^|\.)(guidance_in|guidance_embedder)\./;

/** Fill's tensors take more channels; those of dev and Kontext are alike. @param shapes of the transformer's tensors */
function classOf(file: string, stored: StoredFile, shapes: Shapes): ClassName {
  if (shapes.get("x_embedder.weight")?.[1] === FILL_CHANNELS) return "FluxFillPipeline";
  return isGuided(stored) && /kontext/i.test(saidNames(file, stored)) ? "FluxKontextPipeline" : "FluxPipeline";
}

/** Whether the model is told how strongly to follow the prompt; schnell is not. */
function isGuided({ shapes }: StoredFile): boolean {
  return [...shapes.keys()].some((name) => GUIDANCE.test(name));
}

/** As https://huggingface.co/black-forest-labs/FLUX.1-dev, FLUX.1-schnell, FLUX.1-Kontext-dev and FLUX.1-Fill-dev have it. */
function flux1(file: string, stored: StoredFile, className: ClassName): KnownPipeline {
  const title = titles[className];
  const isDev = isGuided(stored);
  const shifting = { shift: 3, use_dynamic_shifting: true, base_shift: 0.5, max_shift: 1.15 };
  return {
    title,
    className,
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
    notes: isDev && className !== "FluxFillPipeline" ? [kontextNote(file, className)] : [],
  };
}

/** The tensors of both are alike. */
function kontextNote(file: string, className: ClassName): Note {
  const text =
    className === "FluxKontextPipeline"
      ? `${file}: FLUX.1 Kontext, which looks at an image, by the word "kontext" in its name.`
      : `${file}: FLUX.1 dev, which begins with an image, as its name has no "kontext". A Kontext's file needs the word in its name.`;
  return { kind: "conclusion", text };
}

function transformerConfig(shapes: Shapes): JsonObject {
  const [, channels] = shapes.get("x_embedder.weight") as [number, number];
  if (channels !== CHANNELS && channels !== FILL_CHANNELS)
    throw partUnfit(CLASS, titles.FluxPipeline, channelProblem(channels));
  return { ...blocksConfig(shapes), _class_name: CLASS, ...(channels === CHANNELS ? {} : { out_channels: CHANNELS }) };
}

/** What tensors say of a model of FLUX's blocks. @throws SKIPSTEP_FILE_PART */
export function blocksConfig(shapes: Shapes): JsonObject {
  const [width, channels] = shapes.get("x_embedder.weight") as [number, number];
  const [head] = shapes.get("transformer_blocks.0.attn.norm_q.weight") as [number];
  if (head !== HEAD) throw partUnfit(CLASS, titles.FluxPipeline, `must have heads of ${HEAD} channels, found ${head}`);
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

/** Other models see a picture beside the latents. */
function channelProblem(channels: number): string {
  const kind = channels === 128 ? "FLUX.1 Depth or Canny" : "one for editing";
  return `must take ${CHANNELS} channels, or ${FILL_CHANNELS} as FLUX.1 Fill, found ${channels}: it is ${kind}, which is not drawn`;
}

/** Single files of one of the pipelines. */
export function fluxFiles(className: ClassName): SingleFiles {
  return {
    title: titles[className],
    identify: (file, stored, known) => {
      const part = partOf(known, stored.shapes, CLASS, "transformer");
      const isOwn = part && classOf(file, stored, convertedShapes(part)) === className;
      return isOwn ? flux1(file, stored, className) : undefined;
    },
  };
}
