import type { Architecture } from "../../architecture/architecture";
import { attentionThenFeedForward, blockLists } from "../../architecture/block-lists";
import { count, layerCount, most, optionalCount } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { type Dim, minus, size } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { embedding, linear, rmsNorm } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { flag, supported } from "../../schema/option";
import { adaLayerNormContinuous, modulation } from "../blocks/ada-layer-norm";
import { dualStreamBlock, type StreamModules } from "../blocks/dual-stream-block";
import { feedForward } from "../blocks/feed-forward";
import { residualStream } from "../blocks/float32-parts";
import type { JointAttentionOptions, Streams } from "../blocks/joint-attention";
import { axesOption, checkAxes, rotaryInputs } from "../blocks/rotary-positions";
import { embedCondition, sinusoids } from "../blocks/timestep-embedding";
import { qwenImageFile } from "./names";

/** `config.json` of QwenImageTransformer2DModel. */
export interface QwenImageConfig {
  readonly patch_size: number;
  readonly in_channels: number;
  readonly out_channels: number | null;
  readonly num_layers: number;
  readonly attention_head_dim: number;
  readonly num_attention_heads: number;
  readonly joint_attention_dim: number;
  readonly guidance_embeds: false;
  readonly axes_dims_rope: readonly number[];
  readonly zero_cond_t: boolean;
  readonly use_additional_t_cond: boolean;
  readonly use_layer3d_rope: boolean;
}

const CLASS_NAME = "QwenImageTransformer2DModel";
const EPS = 1e-6;
const FREQUENCIES = 256;

const parseFile = defineConfig<QwenImageConfig>(
  CLASS_NAME,
  {
    patch_size: count(2, most.patch),
    in_channels: count(64, most.channels),
    out_channels: optionalCount(16),
    num_layers: layerCount(60),
    attention_head_dim: count(128),
    num_attention_heads: count(24),
    joint_attention_dim: count(3584),
    guidance_embeds: supported(false), // the reference's model fails when it is given guidance
    axes_dims_rope: { ...axesOption([16, 56, 56]), minItems: 3, maxItems: 3 },
    zero_cond_t: flag(false),
    use_additional_t_cond: flag(false),
    use_layer3d_rope: flag(false),
  },
  { withoutEffect: ["pooled_projection_dim"] },
);

/** Blocks, by their scopes. */
const BLOCK = /^(transformer_blocks)\.\d+$/;

/** The denoiser of Qwen-Image, https://arxiv.org/abs/2508.02324, and of its editing and layered variants. */
export const qwenImage: Architecture<QwenImageConfig> = {
  className: CLASS_NAME,
  file: qwenImageFile,
  parse: (raw, warn) => {
    const config = parseFile(raw, warn);
    checkAxes(CLASS_NAME, config);
    return config;
  },
  structure: ({ num_layers }) =>
    blockLists(CLASS_NAME, [
      {
        name: "transformer_blocks",
        count: num_layers,
        branches: () => [...attentionThenFeedForward("attn", "img_mlp"), { kind: "feed-forward", from: "txt_mlp" }],
      },
    ]),
  entries: { forward },
  float32: () => [residualStream(BLOCK, "the reference cuts the streams off at 65504 in float16")],
};

/** What every block needs beside its tokens. */
interface Context {
  readonly attention: JointAttentionOptions;
  /** Of the timestep, after SiLU: `[B, D]`. */
  readonly condition: Value;
  readonly given: GivenImages | undefined;
}

/** Image tokens that are not to be denoised: they are told the timestep 0. */
interface GivenImages {
  /** bool `[1, X, 1]`. */
  readonly where: Value;
  /** Of timestep 0, after SiLU: `[1 or B, D]`. */
  readonly condition: Value;
}

/**
 * Shapes: B batch, X image tokens, S text tokens, T = S + X, D width of the blocks.
 *
 * Inputs: `hidden_states` `[B, X, in_channels]`; `encoder_hidden_states` `[B, S, joint_attention_dim]`;
 * `encoder_hidden_states_mask` int32 `[B, S]`, 1 where a token is real; `timestep` `[B]`, 1 (noise) to 0 (image);
 * `cos`, `sin` `[1, T, attention_head_dim / 2]` from `rotaryTables`; with `use_additional_t_cond` only,
 * `additional_t_cond` int64 `[B]`, 0 or 1; with `zero_cond_t` only, `modulate_index` int32 `[1, X]`, 1 on the tokens of
 * images that are given. Output: `sample` `[B, X, patch_size ^ 2 * out_channels]`, the velocity.
 */
function forward(g: Graph, config: QwenImageConfig): void {
  const { patch_size, in_channels, out_channels, num_attention_heads: heads, attention_head_dim } = config;
  const width = heads * attention_head_dim;
  const [batch, tokens, textTokens] = [size("B"), size("T"), size("S")];
  const imageTokens = minus(tokens, textTokens);
  const image = g.input("hidden_states", [batch, imageTokens, in_channels]);
  const text = g.steadyInput("encoder_hidden_states", [batch, textTokens, config.joint_attention_dim]);
  const keyMask = jointMask(g, batch, textTokens, imageTokens);
  const timestep = g.timeInput("timestep", [batch]);
  const conditionOf = timestepEmbedder(g, batch, config, width);
  const context: Context = {
    attention: { heads, eps: EPS, bias: true, positions: rotaryInputs(g, batch, tokens, attention_head_dim), keyMask },
    condition: conditionOf(timestep),
    given: config.zero_cond_t
      ? { where: givenTokens(g, imageTokens), condition: conditionOf(g.constant([0])) }
      : undefined,
  };

  let streams: Streams = {
    encoder: linear(g, "txt_in", rmsNorm(g, "txt_norm", text, EPS), width),
    hidden: linear(g, "img_in", image, width),
  };
  for (let i = 0; i < config.num_layers; i++)
    streams = g.block(`transformer_blocks.${i}`, streams, (inner, given) => block(inner, given, context));

  const normal = adaLayerNormContinuous(g.scope("norm_out"), streams.hidden, context.condition, { eps: EPS });
  g.output("sample", linear(g, "proj_out", normal, patch_size ** 2 * (out_channels ?? in_channels)));
}

/** Declares the prompts' mask; every image token may be seen. @returns int32 `[B, T]` */
function jointMask(g: Graph, batch: Dim, textTokens: Dim, imageTokens: Dim): Value {
  const mask = g.steadyInput("encoder_hidden_states_mask", [batch, textTokens], "int32");
  return g.concat([mask, g.expand(g.constant([1], [1, 1], "int32"), [batch, imageTokens])], 1);
}

/** Declares which image tokens are given. @returns bool `[1, X, 1]` */
function givenTokens(g: Graph, imageTokens: Dim): Value {
  return g.cast(g.unsqueeze(g.steadyInput("modulate_index", [1, imageTokens], "int32"), 2), "bool");
}

/** What emits timesteps through a small MLP and SiLU: `[B]` to `[B, width]`. */
function timestepEmbedder(root: Graph, batch: Dim, config: QwenImageConfig, width: number): (t: Value) => Value {
  const g = root.scope("time_text_embed");
  const kind = config.use_additional_t_cond
    ? embedding(g, "addition_t_embedding", root.steadyInput("additional_t_cond", [batch], "int64"), 2, width)
    : undefined;
  return (t) => {
    const waves = sinusoids(g, t, FREQUENCIES, { cosFirst: true, shift: 0, scale: 1000 });
    const embedded = embedCondition(g.scope("timestep_embedder"), waves, width);
    return g.silu(kind ? g.add(embedded, kind) : embedded);
  };
}

function block(g: Graph, streams: Streams, { attention, condition, given }: Context): Streams {
  const width = streams.hidden.shape.at(-1) as number;
  const modules = (name: string, modulationOf: StreamModules["modulation"]): StreamModules => ({
    norm1: `${name}_norm1`,
    norm2: `${name}_norm2`,
    feedForward: `${name}_mlp`,
    modulation: modulationOf,
  });
  return dualStreamBlock(g, streams, {
    image: modules("img", (inner) => {
      const scope = inner.scope("img_mod");
      const parts = modulation(scope, "1", condition, 6, width);
      if (!given) return parts;
      const atZero = modulation(scope, "1", given.condition, 6, width);
      return parts.map((part, i) => scope.where(given.where, atZero[i]!, part)); // [B, X, D] each
    }),
    text: modules("txt", (inner) => modulation(inner.scope("txt_mod"), "1", condition, 6, width)),
    attention,
    eps: EPS,
    feedForward: (inner, x) => feedForward(inner, x, "gelu-approximate"),
  });
}
