import type { FamilyParts } from "../../loop/family";
import { repeatRows } from "../../loop/guidance";
import type { Settings } from "../../loop/settings";
import { ofTextEncoder } from "../../report/warnings";
import type { Floats } from "../../tensor";
import { T5Encoder } from "../encoders/t5-encoder";
import { type ClipEncoding, ClipPrompts } from "../prompts/clip-prompts";
import { promptRules } from "../prompts/prompt-settings";

/** Prompts as the denoiser takes them, a row an image. */
export interface FluxPrompts {
  /** T5's last state, `[B, S, joint_attention_dim]`. */
  readonly hidden: Floats;
  /** CLIP's state at the end token, `[B, pooled_projection_dim]`. */
  readonly pooled: Floats;
  readonly warnings: readonly string[];
}

/** Prompts through both text encoders: CLIP sums a prompt up, T5 tells it word by word. */
export class FluxPromptEncoder {
  private constructor(
    private readonly clip: ClipPrompts,
    private readonly t5: T5Encoder,
  ) {}

  static async open(parts: FamilyParts): Promise<FluxPromptEncoder> {
    return new FluxPromptEncoder(
      await ClipPrompts.open(parts, ["text_encoder"], "last"),
      await T5Encoder.open(parts, "text_encoder_2"),
    );
  }

  /** @param prompt for CLIP @param prompt2 for T5, one for each of `prompt` */
  async encode(
    prompt: readonly string[],
    prompt2: readonly string[],
    settings: Settings,
    signal?: AbortSignal,
  ): Promise<FluxPrompts> {
    const { max_sequence_length, num_images_per_prompt } = settings;
    const [[clip]] = (await this.clip.encode([{ texts: [prompt] }], promptRules(settings), signal)) as [[ClipEncoding]];
    const t5 = await this.t5.encode(prompt2, { limit: max_sequence_length, masked: false }, signal);
    return {
      hidden: repeatRows(t5.hidden, num_images_per_prompt),
      pooled: repeatRows(clip.pooled, num_images_per_prompt),
      warnings: [...ofTextEncoder("text_encoder", clip.warnings), ...ofTextEncoder("text_encoder_2", t5.warnings)],
    };
  }
}
