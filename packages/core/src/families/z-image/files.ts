import { partUnfit } from "../../errors/single-file";
import type { JsonObject } from "../../schema/json";
import { countOf } from "../../weights/single-file/count-of";
import { partOf } from "../../weights/single-file/file-part";
import type { SingleFiles } from "../../weights/single-file/known-files";
import type { KnownPipeline } from "../../weights/single-file/known-pipeline";
import type { Shapes } from "../../weights/single-file/recipe";
import { fluxLatents, knownVae } from "../autoencoders/files";
import { qwen3 } from "../encoders/files";

const CLASS = "ZImageTransformer2DModel";
const title = "Z-Image";
/** Channels of an attention head; positions are laid out for these only. */
export const HEAD = 128;

/** As https://huggingface.co/Tongyi-MAI/Z-Image-Turbo has it. */
const zImage: KnownPipeline = {
  title,
  className: "ZImagePipeline",
  options: {},
  components: {
    transformer: { kind: "model", library: "diffusers", className: CLASS, config: transformerConfig },
    vae: knownVae(title, fluxLatents),
    text_encoder: qwen3,
    tokenizer: { kind: "tokenizer", className: "Qwen2Tokenizer", hub: "hf:Tongyi-MAI/Z-Image-Turbo/tokenizer" },
    scheduler: {
      kind: "scheduler",
      className: "FlowMatchEulerDiscreteScheduler",
      config: { num_train_timesteps: 1000, shift: 3, use_dynamic_shifting: false },
    },
  },
};

function transformerConfig(shapes: Shapes): JsonObject {
  const [width, features] = shapes.get("all_x_embedder.2-1.weight") as [number, number];
  const [head] = shapes.get("layers.0.attention.norm_q.weight") ?? [];
  if (head !== HEAD) throw partUnfit(CLASS, title, `must have heads of ${HEAD} channels, found ${head}`);
  return {
    _class_name: CLASS,
    all_patch_size: [2],
    all_f_patch_size: [1],
    in_channels: features / 4,
    dim: width,
    n_layers: countOf(shapes, "layers.*"),
    n_refiner_layers: countOf(shapes, "noise_refiner.*"),
    n_heads: width / HEAD,
    n_kv_heads: width / HEAD,
    cap_feat_dim: shapes.get("cap_embedder.1.weight")?.[1],
    axes_dims: [32, 48, 48],
    axes_lens: [1536, 512, 512],
  };
}

export const zImageFiles: SingleFiles = {
  title,
  identify: (_, { shapes }, known) => (partOf(known, shapes, CLASS, "transformer") ? zImage : undefined),
};
