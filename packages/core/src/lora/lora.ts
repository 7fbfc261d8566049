import type { LoraConfig } from "../config/config";

/** What a tensor of a LoRA is to its module. */
export type LoraRole = "down" | "up" | "mid" | "alpha";

/** The model that a module belongs to: the one that is trained to draw, or a text encoder by its component's name. */
export type LoraModel = "denoiser" | `text_encoder${"" | "_2" | "_3"}`;

/** The name of a tensor, taken apart. */
export interface LoraKey {
  readonly model: LoraModel;
  /** With dots, or with underscores in their place: `layers.0.attention.to_q`, `layers_0_attention_to_q`. */
  readonly module: string;
  readonly role: LoraRole;
}

/**
 * The update of one module, `alpha / rank * up @ down`, as in https://arxiv.org/abs/2106.09685. Of convolutions, `down`
 * is the kernel and `up` goes over single pixels; with `mid`, `down` does so too and `mid` is the kernel between them.
 */
export interface LoraModule extends Omit<LoraKey, "role"> {
  /** Names of tensors in the file: `[r, K]` and `[N, r]`, with a mid `[r, r, kh, kw]`. */
  readonly down: string;
  readonly up: string;
  readonly mid?: string;
  /** `alpha / rank` */
  readonly factor: number;
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
