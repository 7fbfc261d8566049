import type { FamilyParts } from "../../loop/family";
import type { Encode } from "../../program/encodings";
import { promptsCut } from "../../report/warnings";
import { type Floats, floats } from "../../tensor";
import type { OpenTokenizer } from "../../text/open-tokenizer";
import { type CausalModel, causalStates } from "../encoders/causal-pass";
import type { Qwen25VlConfig } from "../encoders/qwen2-5-vl";
import type { QwenImageSettings } from "./settings";

/** What the model was trained with around every prompt. */
const BEFORE =
  "<|im_start|>system\nDescribe the image by detailing the color, shape, size, texture, quantity, text, spatial relationships of the objects and background:<|im_end|>\n<|im_start|>user\n";
const BEHIND = "<|im_end|>\n<|im_start|>assistant\n";

/** Tokens of `BEFORE`, which the denoiser is not told: as many in any tokenizer, as in the reference. */
export const DROPPED = 34;

/** Prompts as the denoiser takes them. */
export interface QwenImagePrompts {
  /** `[tokens, hidden_size]` an image, of different lengths. */
  readonly hidden: readonly Floats[];
  readonly warnings: readonly string[];
}

/** Prompts through the language model of Qwen2.5-VL, in a message that asks for a description. */
export class QwenImagePromptEncoder implements CausalModel {
  private constructor(
    readonly run: Encode,
    readonly config: Qwen25VlConfig,
    private readonly tokenizer: OpenTokenizer,
  ) {}

  static async open(parts: FamilyParts): Promise<QwenImagePromptEncoder> {
    const { checkpoint, encoder, configs } = parts;
    checkpoint.component("tokenizer"); // throws when there is none
    const tokenizer = await parts.tokenizer("text_encoder");
    return new QwenImagePromptEncoder(encoder("text_encoder"), configs.text_encoder as Qwen25VlConfig, tokenizer);
  }

  /**
   * Each prompt runs by itself and without padding: attention is causal and the reference drops the states of padding.
   * For the same reason tokens that it cuts off behind the model are cut off before. What is cut is warned of.
   */
  async encode(
    prompts: readonly string[],
    { max_sequence_length, num_images_per_prompt: times }: QwenImageSettings,
    signal?: AbortSignal,
  ): Promise<QwenImagePrompts> {
    const texts = prompts.map((prompt) => BEFORE + prompt + BEHIND);
    const maxLength = DROPPED + max_sequence_length;
    const options = { maxLength, padding: "none", truncation: true, addSpecialTokens: true } as const;
    const encoded = await this.tokenizer.encode(texts, options, signal);
    const hidden: Floats[] = [];
    for (const ids of encoded.inputIds) {
      const states = withoutFirst(await causalStates(this, ids, signal), DROPPED);
      for (let image = 0; image < times; image++) hidden.push(states);
    }
    return { hidden, warnings: promptsCut(prompts, encoded, maxLength) };
  }
}

/** @param states `[tokens, D]` */
function withoutFirst({ shape, data }: Floats, count: number): Floats {
  const [tokens, width] = shape as [number, number];
  return floats([Math.max(0, tokens - count), width], data.subarray(count * width));
}
