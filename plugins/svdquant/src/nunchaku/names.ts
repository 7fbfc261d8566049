/** A layer of the model, made of one or several stored ones. */
export interface Module {
  /** `transformer_blocks.0.attn.to_q` */
  readonly name: string;
  /** Stored layers, by prefix; several lie side by side along the input and add up. */
  readonly layers: readonly string[];
  /** Which of how many equal parts of the rows. */
  readonly part: number;
  readonly parts: number;
  /** Added to the input before it is smoothed, by layer: makes the outputs of GELU positive. */
  readonly shifts: readonly number[];
  /** Rows of chunks lie one after the other in turns, and scales have 1 added: how many chunks. */
  readonly chunks?: number;
}

/** What nunchaku adds to GELU's outputs, whose least is -0.17, so that they are unsigned. */
const geluShift = 0.171875;

interface Rule {
  readonly stored: RegExp;
  /** Names after the block's, in the order of the rows; none where it keeps its own. */
  readonly modules: readonly string[];
  readonly shift?: number;
  readonly chunks?: number;
}

/** FLUX by nunchaku's own names. */
const fluxRules: readonly Rule[] = [
  { stored: /\.qkv_proj$/, modules: ["attn.to_q", "attn.to_k", "attn.to_v"] },
  { stored: /\.qkv_proj_context$/, modules: ["attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"] },
  { stored: /^transformer_blocks\.\d+\.out_proj$/, modules: ["attn.to_out.0"] },
  { stored: /\.out_proj_context$/, modules: ["attn.to_add_out"] },
  { stored: /^transformer_blocks\.\d+\.mlp_fc1$/, modules: ["ff.net.0.proj"] },
  { stored: /^transformer_blocks\.\d+\.mlp_fc2$/, modules: ["ff.net.2"], shift: geluShift },
  { stored: /\.mlp_context_fc1$/, modules: ["ff_context.net.0.proj"] },
  { stored: /\.mlp_context_fc2$/, modules: ["ff_context.net.2"], shift: geluShift },
  { stored: /^single_transformer_blocks\.\d+\.mlp_fc1$/, modules: ["proj_mlp"] },
  { stored: /\.norm1(_context)?\.linear$/, modules: [], chunks: 6 },
  { stored: /^single_transformer_blocks\.\d+\.norm\.linear$/, modules: [], chunks: 3 },
];

/** Fused layers of the other families, whose names are diffusers' otherwise. */
const otherRules: readonly Rule[] = [
  { stored: /\.to_qkv$/, modules: ["to_q", "to_k", "to_v"] },
  { stored: /\.add_qkv_proj$/, modules: ["add_q_proj", "add_k_proj", "add_v_proj"] },
  { stored: /\.(img|txt)_mod\.1$/, modules: [], chunks: 6 },
  { stored: /\.(img|txt)_mlp\.net\.2$/, modules: [], shift: geluShift },
];

/** Z-Image's feed forward in the form of diffusers' SwiGLU: the value's rows, then the gate's. */
const zImageRules: readonly Rule[] = [
  { stored: /\.feed_forward\.net\.0\.proj$/, modules: ["w3", "w1"] },
  { stored: /\.feed_forward\.net\.2$/, modules: ["w2"] },
];

const fluxMark = /^(single_)?transformer_blocks\.\d+\.qkv_proj$/;

/** Whether a file has nunchaku's own names for FLUX. */
export function isFlux(layers: readonly string[]): boolean {
  return layers.some((layer) => fluxMark.test(layer));
}

/** The model's layers that stored ones are. @param isFused false where every layer has diffusers' name: the lite form */
export function modulesOf(layers: readonly string[], isFused: boolean): Module[] {
  if (isFlux(layers)) return layers.flatMap((layer) => fluxModules(layer, layers));
  return layers.flatMap((layer) => {
    const rule = isFused ? [...otherRules, ...zImageRules].find(({ stored }) => stored.test(layer)) : undefined;
    if (!rule) return [whole(layer, layer)];
    return modulesBy(rule, layer, layer.replace(/\.(to_qkv|add_qkv_proj|net\.0\.proj|net\.2)$/, ""));
  });
}

function modulesBy({ modules, shift = 0, chunks }: Rule, layer: string, base: string): Module[] {
  if (modules.length === 0) return [{ ...whole(layer, layer, shift), ...(chunks ? { chunks } : {}) }];
  return modules.map((name, part) => ({ ...whole(`${base}.${name}`, layer, shift), part, parts: modules.length }));
}

function fluxModules(layer: string, layers: readonly string[]): Module[] {
  const [block] = /^(single_)?transformer_blocks\.\d+/.exec(layer) ?? [layer];
  if (/^single_transformer_blocks\.\d+\.out_proj$/.test(layer)) {
    const second = `${block}.mlp_fc2`;
    const isThere = layers.includes(second);
    const parts = isThere ? { layers: [layer, second], shifts: [0, geluShift] } : {};
    return [{ ...whole(`${block}.proj_out`, layer), ...parts }];
  }
  if (/^single_transformer_blocks\.\d+\.mlp_fc2$/.test(layer)) return []; // the second half of proj_out
  const rule = fluxRules.find(({ stored }) => stored.test(layer));
  return rule ? modulesBy(rule, layer, block) : [whole(layer, layer)];
}

function whole(name: string, layer: string, shift = 0): Module {
  return { name, layers: [layer], part: 0, parts: 1, shifts: [shift] };
}

/** The model's name of a tensor that is stored as it is. */
export function plainName(name: string, isFluxFile: boolean): string {
  if (!isFluxFile) return name;
  return name
    .replace(/^((?:single_)?transformer_blocks\.\d+)\.(norm_q|norm_k)\./, "$1.attn.$2.")
    .replace(/^(transformer_blocks\.\d+)\.(norm_added_q|norm_added_k)\./, "$1.attn.$2.");
}
