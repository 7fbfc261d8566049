import type { Shapes, SingleFiles } from "@skipstep/core/model";
import { convertedShapes, countOf, type KnownPipeline, partOf, partUnfit } from "@skipstep/core/model";

const title = "DDPM";
const CLASS = "UNet2DModel";
/** Groups of each normalization, which no shape tells. */
const GROUPS = 32;
/** Pixels along a side at the level that has attention. */
const ATTENTION_SIDE = 16;

/** Every tensor of the authors' models; other U-Nets have more. */
const ours =
  /^(conv_(in|out|norm_out)|time_embedding\.linear_[12]|((down|up)_blocks\.\d+|mid_block)\.(resnets\.\d+\.(norm[12]|conv[12]|conv_shortcut|time_emb_proj)|attentions\.0?\d*\.(group_norm|to_[qkv]|to_out\.0|query|key|value|proj_attn)|(down|up)samplers\.0\.conv))\.(weight|bias)$/;

/** Models as the authors built them, https://arxiv.org/abs/2006.11239, appendix B, in files that hold the U-Net alone. */
export const ddpmFiles: SingleFiles = {
  title,
  identify: (_, { shapes }, known) => {
    const part = partOf(known, shapes, CLASS, "unet");
    const converted = part && convertedShapes(part);
    return converted && [...converted.keys()].every((name) => ours.test(name)) ? ddpm(converted) : undefined;
  },
};

/** As https://huggingface.co/google/ddpm-cifar10-32 and google/ddpm-cat-256 have it. */
function ddpm(shapes: Shapes): KnownPipeline {
  return {
    title,
    className: "DDPMPipeline",
    options: {},
    components: {
      unet: { kind: "model", library: "diffusers", className: CLASS, config: unetConfig },
      scheduler: {
        kind: "scheduler",
        className: "DDPMScheduler",
        config: {
          num_train_timesteps: 1000,
          beta_start: 0.0001,
          beta_end: 0.02,
          beta_schedule: "linear",
          clip_sample: true,
          // The authors found the larger variance better for small images.
          variance_type: sideOf(shapes) < 256 ? "fixed_large" : "fixed_small",
        },
      },
    },
  };
}

/** Widths, depths and attention are the tensors'. @throws SKIPSTEP_FILE_PART for other widths and attentions than the authors' */
function unetConfig(shapes: Shapes) {
  const levels = countOf(shapes, "down_blocks.*");
  const widths = Array.from({ length: levels }, (_, i) => shapes.get(`down_blocks.${i}.resnets.0.conv1.weight`)?.[0]);
  const odd = widths.find((width) => width === undefined || width % GROUPS !== 0);
  if (odd !== undefined) throw partUnfit(CLASS, title, `must have widths that ${GROUPS} divides, found ${odd}`);
  const attentive = attentiveLevels(shapes);
  if (attentive.length !== 1)
    throw partUnfit(CLASS, title, `must have attention at one level, found it at ${attentive.length}`);
  const type = (way: "Down" | "Up") => (_: unknown, i: number) => `${attentive.includes(i) ? "Attn" : ""}${way}Block2D`;
  return {
    _class_name: CLASS,
    sample_size: sideOf(shapes),
    in_channels: shapes.get("conv_in.weight")![1],
    out_channels: shapes.get("conv_out.weight")![0],
    block_out_channels: widths,
    layers_per_block: countOf(shapes, "down_blocks.0.resnets.*"),
    down_block_types: widths.map(type("Down")),
    up_block_types: widths.map(type("Up")).reverse(),
    attention_head_dim: null,
    downsample_padding: 0,
    flip_sin_to_cos: false,
    freq_shift: 1,
    norm_eps: 1e-6,
    norm_num_groups: GROUPS,
  };
}

function attentiveLevels(shapes: Shapes): number[] {
  const levels = Array.from({ length: countOf(shapes, "down_blocks.*") }, (_, i) => i);
  return levels.filter((i) => countOf(shapes, `down_blocks.${i}.attentions.*`) > 0);
}

/** Pixels along a side that the model was trained on: each level halves it. */
function sideOf(shapes: Shapes): number {
  return ATTENTION_SIDE * 2 ** (attentiveLevels(shapes)[0] ?? 0);
}
