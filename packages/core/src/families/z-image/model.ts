import type { Architecture } from "../../architecture/architecture";
import { attentionThenFeedForward, blockLists } from "../../architecture/block-lists";
import { count, layerCount, most } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { modelOptions } from "../../errors/models";
import { type Dim, minus, size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { attention, layerNorm, linear, rmsNorm, rotary } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { flag, integer, list, number, optionalInteger } from "../../schema/option";
import { imageEdges } from "../blocks/branch-edges";
import { gatedProduct, products, residualStream } from "../blocks/float32-parts";
import { patchify, unpatchify } from "../blocks/patch-embed";
import { zImageFile } from "./names";

/** `config.json` of ZImageTransformer2DModel. */
export interface ZImageConfig {
  readonly all_patch_size: readonly number[];
  readonly all_f_patch_size: readonly number[];
  readonly in_channels: number;
  readonly dim: number;
  readonly n_layers: number;
  readonly n_refiner_layers: number;
  readonly n_heads: number;
  readonly n_kv_heads: number;
  readonly norm_eps: number;
  readonly qk_norm: boolean;
  readonly cap_feat_dim: number;
  readonly siglip_feat_dim: number | null;
  readonly rope_theta: number;
  readonly t_scale: number;
  readonly axes_dims: readonly number[];
  readonly axes_lens: readonly number[];
}

/** Blocks, by their scopes. */
const BLOCK = /^(noise_refiner|context_refiner|layers)\.\d+$/;

/** Width of the timestep embedding that modulates the blocks, at most. */
const MODULATION_DIM = 256;
const FREQUENCIES = 256;
/** Side of the square patch that becomes one token. */
export const PATCH = 2;

/** A list of whole numbers, at least 1. */
const numbers = (values: readonly number[], maximum: number) =>
  list(values, integer(undefined, { minimum: 1, maximum }), { maxItems: most.levels });
const axes = (values: readonly number[], maximum: number) =>
  ({ ...numbers(values, maximum), minItems: 3, maxItems: 3 }) as const;

const parseFile = defineConfig<ZImageConfig>("ZImageTransformer2DModel", {
  all_patch_size: { ...numbers([PATCH], most.patch), contains: { const: PATCH } },
  all_f_patch_size: { ...numbers([1], most.patch), contains: { const: 1 } },
  in_channels: count(16, most.channels),
  dim: count(3840),
  n_layers: layerCount(30),
  n_refiner_layers: layerCount(2),
  n_heads: count(30),
  n_kv_heads: count(30),
  norm_eps: number(1e-5),
  qk_norm: flag(true),
  cap_feat_dim: count(2560),
  siglip_feat_dim: optionalInteger(null), // used in editing only
  rope_theta: number(256),
  t_scale: number(1000),
  axes_dims: axes([32, 48, 48], 1024),
  axes_lens: axes([1024, 512, 512], most.side),
});

/** The single-stream diffusion transformer of Z-Image, https://arxiv.org/abs/2511.22699. */
export const zImage: Architecture<SteeredZImageConfig> = {
  className: "ZImageTransformer2DModel",
  file: zImageFile,
  parse: (raw, warn) => {
    const config = parseFile(raw, warn);
    checkHeads(config);
    return config;
  },
  // The norms behind the branches are left to what lies between them: so are the gates, which change at each step.
  structure: ({ n_layers }) =>
    blockLists("ZImageTransformer2DModel", [
      { name: "layers", count: n_layers, branches: () => attentionThenFeedForward("attention", "feed_forward") },
    ]),
  entries: { forward },
  float32: () => [
    residualStream(BLOCK, "the stream grows beyond 65504 in the last layers"),
    ...gatedProduct(/\.feed_forward$/, /\.feed_forward\.w2\.weight$/, "products of the two halves reach 65504"),
    products(/\.attention\.to_out\.0\.weight$/, "what leaves an attention, before its norm, reaches 65504"),
  ],
};

/** The axes turn all of a head. */
function checkHeads({ dim, n_heads, axes_dims }: ZImageConfig): void {
  const sum = axes_dims.reduce((all, axis) => all + axis, 0);
  if (dim !== sum * n_heads)
    throw modelOptions("ZImageTransformer2DModel", [
      `"axes_dims" must add up to "dim" / "n_heads" (${dim / n_heads}), found ${axes_dims.join(" + ")} = ${sum}`,
    ]);
}

/** What every block needs beside its tokens. */
export interface BlockContext {
  readonly config: ZImageConfig;
  /** `[B, T, D/2]` */
  readonly cos: Value;
  readonly sin: Value;
  /** int32 `[B, T]`, 1 where a token is real. */
  readonly keyMask: Value | undefined;
  /** Timestep embedding `[B, min(dim, 256)]`; blocks without modulation have none. */
  readonly modulation: Value | undefined;
}

/** What enters a model of Z-Image's blocks. */
export interface ZImageInputs {
  readonly latents: Value;
  /** `[B, min(dim, 256)]` */
  readonly modulation: Value;
  readonly captions: Value;
  readonly captionPad: Value;
  readonly captionValid: Value;
  /** X. */
  readonly imageTokens: Dim;
  /** For blocks over image tokens, caption tokens, and both. */
  readonly ofImage: BlockContext;
  readonly ofCaption: BlockContext;
  readonly ofBoth: BlockContext;
}

/** A Z-Image denoiser's config, and the layers behind which its ControlNet steers. */
interface SteeredZImageConfig extends ZImageConfig {
  readonly steered?: readonly number[];
}

/**
 * Shapes: B batch, C latent channels, h and w tokens high and wide, X image tokens padded to a multiple of 32, L caption
 * tokens padded to the longest of the batch, T = X + L tokens in all, D size of a head.
 *
 * Inputs: `latents` `[B, C, 2h, 2w]`; `timestep` `[B]`, 0 (noise) to 1 (image); `captions` `[B, L, cap_feat_dim]`;
 * `caption_pad` bool `[B, L, 1]`, true where the pad token stands; `caption_valid` `[B, L, 1]`, 0 where a shorter
 * caption is filled up to the longest; `caption_mask` int32 `[B, L]` and `mask` int32 `[B, T]`, 1 where a key may be
 * seen; `cos`, `sin` `[B, T, D/2]`; where it is steered `hint.0`, ... `[B, T, dim]`, by the layer behind which one is
 * added. Output: `sample` `[B, C, 2h, 2w]`, minus the velocity that the scheduler expects.
 */
function forward(g: Graph, config: SteeredZImageConfig): void {
  const { in_channels, n_refiner_layers, n_layers, steered = [] } = config;
  const [height, width] = [size("h"), size("w")];
  const inputs = zImageInputs(g, config);

  let x = embedPicture(g, "all_x_embedder", inputs.latents, inputs); // [B, X, dim]
  for (let i = 0; i < n_refiner_layers; i++) x = refine(g, `noise_refiner.${i}`, x, inputs.ofImage);
  let hidden = g.concat([x, refinedCaption(g, inputs)], 1); // [B, T, dim]
  const steer = (inner: Graph, i: number, value: Value): Value =>
    steered.includes(i) ? inner.add(value, inner.input(hintName(i), value.shape)) : value;
  for (let i = 0; i < n_layers; i++)
    ({ hidden } = g.block(`layers.${i}`, { hidden }, (inner, streams) => ({
      hidden: steer(inner, i, block(inner, streams.hidden, inputs.ofBoth)),
    })));

  const patches = finalLayer(
    g.scope(`all_final_layer.${PATCH}-1`),
    g.slice(hidden, 1, 0, times(height, width)),
    inputs.modulation,
    PATCH * PATCH * in_channels,
  );
  g.output("sample", unpatchify(g, patches, PATCH, [height, width]));
}

/** Name of what ControlNets give to a layer. */
export function hintName(layer: number): string {
  return `hint.${layer}`;
}

/** Declares the inputs that `forward` has without ControlNets. */
export function zImageInputs(g: Graph, config: ZImageConfig): ZImageInputs {
  const { dim, in_channels, n_heads, cap_feat_dim, t_scale } = config;
  const [batch, total, captionTokens] = [size("B"), size("T"), size("L")];
  const imageTokens = minus(total, captionTokens);
  const half = dim / n_heads / 2;
  const latents = g.input("latents", [batch, in_channels, times(size("h"), PATCH), times(size("w"), PATCH)]);
  const timestep = g.timeInput("timestep", [batch]);
  const captions = g.steadyInput("captions", [batch, captionTokens, cap_feat_dim]);
  const captionPad = g.steadyInput("caption_pad", [batch, captionTokens, 1], "bool");
  const captionValid = g.steadyInput("caption_valid", [batch, captionTokens, 1]);
  const captionMask = g.steadyInput("caption_mask", [batch, captionTokens], "int32");
  const mask = g.steadyInput("mask", [batch, total], "int32");
  const [cos, sin] = [g.steadyInput("cos", [batch, total, half]), g.steadyInput("sin", [batch, total, half])];
  const part = (from: Dim, to: Dim): Pick<BlockContext, "cos" | "sin"> => ({
    cos: g.slice(cos, 1, from, to),
    sin: g.slice(sin, 1, from, to),
  });
  const modulation = embedTimestep(
    g.scope("t_embedder"),
    g.mul(timestep, g.constant(t_scale)),
    Math.min(dim, MODULATION_DIM),
  );
  return {
    ...{ latents, modulation, captions, captionPad, captionValid, imageTokens },
    ofImage: { config, ...part(0, imageTokens), keyMask: undefined, modulation },
    ofCaption: { config, ...part(imageTokens, total), keyMask: captionMask, modulation: undefined },
    ofBoth: { config, cos, sin, keyMask: mask, modulation },
  };
}

/** Latents as tokens, with pad tokens behind. @param latents `[N, C, 2h, 2w]` @returns `[B, X, dim]`; N is B or 1 */
export function embedPicture(
  g: Graph,
  module: string,
  latents: Value,
  { imageTokens, ofImage }: Pick<ZImageInputs, "imageTokens" | "ofImage">,
): Value {
  const { dim } = ofImage.config;
  const [batch, tokens] = [size("B"), times(size("h"), size("w"))];
  const embedded = linear(g, `${module}.${PATCH}-1`, patchify(g, latents, PATCH), dim); // [N, h w, dim]
  const x = latents.shape[0] === 1 ? g.expand(embedded, [batch, tokens, dim]) : embedded;
  const pad = g.reshape(g.weight("x_pad_token", [1, dim]), [1, 1, dim]);
  return g.concat([x, g.expand(pad, [batch, minus(imageTokens, tokens), dim])], 1);
}

/** @returns `[B, L, dim]`, zeros where a shorter caption is filled up */
export function refinedCaption(g: Graph, { captions, captionPad, captionValid, ofCaption }: ZImageInputs): Value {
  const { dim, norm_eps, n_refiner_layers } = ofCaption.config;
  const embedded = linear(g, "cap_embedder.1", rmsNorm(g, "cap_embedder.0", captions, norm_eps), dim); // [B, L, dim]
  let caption = g.mul(g.where(captionPad, g.weight("cap_pad_token", [1, dim]), embedded), captionValid);
  for (let i = 0; i < n_refiner_layers; i++) caption = refine(g, `context_refiner.${i}`, caption, ofCaption);
  return g.mul(caption, captionValid);
}

/** Sinusoids of `t` `[B]` through a small MLP. @returns `[B, outFeatures]` */
function embedTimestep(g: Graph, t: Value, outFeatures: number): Value {
  const half = FREQUENCIES / 2;
  // float32 at each operation, as the reference rounds: the largest argument is 1000.
  const frequencies = Array.from({ length: half }, (_, i) =>
    Math.fround(Math.exp(Math.fround(Math.fround(Math.fround(-Math.log(10000)) * i) / half))),
  );
  const angles = g.mul(g.unsqueeze(t, 1), g.constant(frequencies, [1, half])); // [B, 128]
  const waves = g.concat([g.cos(angles), g.sin(angles)], 1); // [B, 256]
  return linear(g, "mlp.2", g.silu(linear(g, "mlp.0", waves, 1024)), outFeatures);
}

/** A block outside of the list that plugins hook. */
export function refine(g: Graph, name: string, tokens: Value, context: BlockContext): Value {
  return g.block(name, { tokens }, (inner, streams) => ({ tokens: block(inner, streams.tokens, context) })).tokens;
}

export function block(g: Graph, x: Value, context: BlockContext): Value {
  const { dim, norm_eps } = context.config;
  const norm = (name: string, value: Value): Value => rmsNorm(g, name, value, norm_eps);
  if (!context.modulation) {
    const attended = g.add(
      x,
      norm("attention_norm2", selfAttention(g.scope("attention"), norm("attention_norm1", x), context)),
    );
    return g.add(attended, norm("ffn_norm2", feedForward(g.scope("feed_forward"), norm("ffn_norm1", attended), dim)));
  }
  const parts = g.chunk(g.unsqueeze(linear(g, "adaLN_modulation.0", context.modulation, 4 * dim), 1), 4, 2); // 4 x [B, 1, dim]
  const [scaleAttention, gateAttention, scaleFeedForward, gateFeedForward] = parts as [Value, Value, Value, Value];
  const normal = g.label(imageEdges.enters, g.mul(norm("attention_norm1", x), g.onePlus(scaleAttention)));
  const attended = g.label(imageEdges.leaves, selfAttention(g.scope("attention"), normal, context));
  const y = g.add(x, g.mul(g.tanh(gateAttention), norm("attention_norm2", attended)));
  const normal2 = g.label(imageEdges.enters, g.mul(norm("ffn_norm1", y), g.onePlus(scaleFeedForward)));
  const fed = g.label(imageEdges.leaves, feedForward(g.scope("feed_forward"), normal2, dim));
  return g.add(y, g.mul(g.tanh(gateFeedForward), norm("ffn_norm2", fed)));
}

function selfAttention(g: Graph, x: Value, { config, cos, sin, keyMask }: BlockContext): Value {
  const { dim, n_heads, qk_norm } = config;
  const [batch, tokens] = x.shape as [Dim, Dim, Dim];
  const project = (name: string, norm: string): Value => {
    const y = linear(g, name, x, dim, { bias: false });
    const normal = qk_norm
      ? g.reshape(rmsNorm(g, norm, g.reshape(y, [batch, tokens, n_heads, dim / n_heads]), 1e-5), [batch, tokens, dim])
      : y;
    return rotary(g, normal, cos, sin, n_heads, { interleaved: true });
  };
  const mixed = attention(g, {
    kind: "self",
    query: project("to_q", "norm_q"),
    key: project("to_k", "norm_k"),
    value: linear(g, "to_v", x, dim, { bias: false }),
    heads: n_heads,
    ...(keyMask ? { keyMask } : {}),
  });
  return linear(g, "to_out.0", mixed, dim, { bias: false });
}

/** SwiGLU, https://arxiv.org/abs/2002.05202. */
function feedForward(g: Graph, x: Value, dim: number): Value {
  const hidden = Math.trunc((dim / 3) * 8);
  const gate = g.silu(linear(g, "w1", x, hidden, { bias: false }));
  return linear(g, "w2", g.mul(gate, linear(g, "w3", x, hidden, { bias: false })), dim, { bias: false });
}

function finalLayer(g: Graph, x: Value, modulation: Value, outFeatures: number): Value {
  const scale = linear(g, "adaLN_modulation.1", g.silu(modulation), x.shape.at(-1) as number); // [B, dim]
  const normal = layerNorm(g, "norm_final", x, 1e-6, { affine: false });
  return linear(g, "linear", g.mul(normal, g.onePlus(g.unsqueeze(scale, 1))), outFeatures);
}
