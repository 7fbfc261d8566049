import type { LoraRole } from "./lora";

/** What stands before a role, the role, and the way in which it is written. */
export interface FoundRole {
  readonly module: string;
  readonly role: LoraRole;
  /** Tensors of one module that are written in two ways are two updates; empty for what belongs to either. */
  readonly style: string;
}

/** The first group is the role, or is in `named`; all groups but it are the style. */
const roles: readonly (readonly [pattern: RegExp, role?: LoraRole])[] = [
  [/\.lora_A(?<style>\.[^.]+)?\.weight$/, "down"], // with the adapter's name in between when PEFT itself saved it
  [/\.lora_B(?<style>\.[^.]+)?\.weight$/, "up"],
  [/\.lora_B(?<style>\.[^.]+)?\.bias$/, "up_bias"],
  [/\.lora_A$/, "down"],
  [/\.lora_B$/, "up"],
  [/\.(?<style>lora_)down(\.[^.]+)?\.weight$/, "down"],
  [/\.(?<style>lora_)up(\.[^.]+)?\.weight$/, "up"],
  [/\.(?<style>lora_)mid\.weight$/, "mid"],
  [/\.(?<style>lora_)up\.bias$/, "up_bias"],
  // XLabs': which of the streams is meant is a part of the module's name.
  [/(?<=\.processor\.(?:qkv|proj)_lora[12]?)(?<style>\.)down\.weight$/, "down"],
  [/(?<=\.processor\.(?:qkv|proj)_lora[12]?)(?<style>\.)up\.weight$/, "up"],
  [/(?<style>\.lora|_lora|\.lora_linear_layer)\.down\.weight$/, "down"],
  [/(?<style>\.lora|_lora|\.lora_linear_layer)\.up\.weight$/, "up"],
  [/(\.lora|_lora|\.lora_linear_layer)?\.alpha$/, "alpha"],
  [/\.dora_scale$/, "dora_scale"],
  [/\.lora_magnitude_vector(\.[^.]+)?$/, "lora_magnitude_vector"],
  [/\.lora_magnitude_vector\.[^.]+\.weight$/, "lora_magnitude_vector"],
  [/\.(?<role>(?:hada|lokr)_(?:w1|w2|t1|t2)(?:_[ab])?)(?:\.[^.]+)?$/],
  [/\.(?<role>diff|diff_b|w_norm|b_norm|set_weight)$/],
  [/\.(?<role>weight|bias)$/],
];

/** Takes a tensor's name apart. What is no role's is a module that has the tensor itself: a norm's `scale`. */
export function roleOf(key: string): FoundRole {
  for (const [pattern, role] of roles) {
    const found = pattern.exec(key);
    if (!found) continue;
    const { role: named, style } = found.groups ?? {};
    return { module: key.slice(0, found.index), role: role ?? (named as LoraRole), style: style ?? "" };
  }
  return { module: key, role: "weight", style: "" };
}

/** Parts of names by which updates are known that are not merged. */
const otherKinds: readonly (readonly [RegExp, string])[] = [
  [/\.oft_(blocks|diag|R)\b/, "an OFT"],
  [/\.(boft_[A-Za-z]+)\b/, "a BOFT"],
  [/\.[ab][12]\.weight$/, "a GLoRA"],
  [/\.(ia3_l|on_input)\b/, "an (IA)^3"],
  [
    /\.(vera_lambda_[bd]|vera_[AB]|vblora_[a-z_]+|hra_u|lora_embedding_[AB]|lora_E|ada_ranknum|road_[a-z]+|bone_.*|delora_.*)\b/,
    "an adapter of PEFT that is no LoRA, LoHa or LoKr",
  ],
  [/\.(reshape_weight)$/, "a control LoRA, which changes the shape of its model"],
  [/(^|\.)lora_controlnet$/, "a control LoRA, which is a ControlNet"],
  [/\.lora_(A|down)(\.[^.]+)?\.bias$/, "a LoRA with a bias between its matrices"],
  [/\.(scalar|rescale)$/, "a LyCORIS with a factor of its own"],
];

/** Parts of names of what may lie beside a LoRA in its file. */
const companions: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)(ip_adapter_|image_proj\.|ip_adapter\.)/, "an IP-Adapter"],
  [/^(bundle_emb\.|string_to_param|emb_params$|clip_[lg]$|t5(xxl)?$)/, "a textual inversion"],
];

/** The kind of update that a tensor belongs to, where it is none that is merged. */
export function otherKindOf(key: string): string | undefined {
  return otherKinds.find(([pattern]) => pattern.test(key))?.[1];
}

/** What a tensor belongs to that is no update of a model. */
export function companionOf(key: string): string | undefined {
  return companions.find(([pattern]) => pattern.test(key))?.[1];
}
