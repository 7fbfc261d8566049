/** A LoRA that is merged into the weights. */
export interface LoraConfig {
  /** Absolute path of a safetensors file, or of a folder with one. */
  readonly path: string;
  /** How much of it is added; 1 is all. */
  readonly scale: number;
}

/** A LoRA that runs beside the weights in one generation. */
export interface RequestLora extends LoraConfig {
  /** The name under which the config allows it. */
  readonly name?: string;
}

/** One as a config's `generate` or a request says it: a path or an allowed name alone is all of it. */
export type RequestLoraInput = string | Partial<RequestLora>;

/** The model that a module belongs to: the one that draws, or a text encoder by one of the names that files have for it. */
export type LoraModel = "denoiser" | TextEncoderLabel;

/** By component (`text_encoder_2`), by trainers' count (`te2`), by what it is (`clip_g`), or one by no name of its own. */
export type TextEncoderLabel =
  | `text_encoder${"" | "_2" | "_3"}`
  | `te${"" | "1" | "2" | "3"}`
  | "clip_l"
  | "clip_g"
  | "t5"
  | "qwen"
  | "any";

/** What a tensor of a LoRA is to its module. Those of LoHa and LoKr have the names that LyCORIS gives them. */
export type LoraRole =
  | "down"
  | "up"
  | "mid"
  | "up_bias"
  | "alpha"
  | "dora_scale"
  | "lora_magnitude_vector"
  | `hada_${"w1_a" | "w1_b" | "w2_a" | "w2_b" | "t1" | "t2"}`
  | `lokr_${"w1" | "w1_a" | "w1_b" | "w2" | "w2_a" | "w2_b" | "t2"}`
  | "diff"
  | "diff_b"
  | "w_norm"
  | "b_norm"
  | "set_weight"
  | "weight"
  | "bias";

/** The name of a tensor, taken apart. */
export interface LoraKey {
  readonly model: LoraModel;
  /** With dots, or with underscores in their place: `layers.0.attention.to_q`, `layers_0_attention_to_q`. */
  readonly module: string;
  readonly role: LoraRole;
}

/** Names of a module's tensors by what they are to it. */
export type LoraTensors = Readonly<Partial<Record<LoraRole, string>>>;

/** A module under one of the names that a file has for it. */
export interface LoraModule extends Omit<LoraKey, "role"> {
  readonly tensors: LoraTensors;
}

/** A LoRA's file, looked into. */
export interface Lora extends LoraConfig {
  readonly file: string;
  readonly modules: readonly LoraModule[];
  /** Tensors that are none of a LoRA's. */
  readonly unknown: readonly string[];
}

/** kohya's files have underscores for dots, so that modules are looked up with all dots replaced. */
export function flatName(module: string): string {
  return module.replaceAll(".", "_");
}
