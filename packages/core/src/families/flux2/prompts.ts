import { concat } from "../../loop/concat";
import type { FamilyParts } from "../../loop/family";
import { repeatRows, stack } from "../../loop/guidance";
import { promptsCut } from "../../report/warnings";
import type { Floats } from "../../tensor";
import type { OpenTokenizer } from "../../text/open-tokenizer";
import { causalPass, type TokenRow } from "../encoders/causal-pass";
import type { Qwen3Config } from "../encoders/qwen3";
import { userMessages } from "../encoders/user-messages";
import type { Flux2Settings } from "./settings";
import { TAPS } from "./text-encoder";

/** Prompts as the denoiser takes them. */
export interface Flux2Prompts {
  /** `[B, S, layers * hidden_size]`, a row an image. */
  readonly hidden: Floats;
  readonly warnings: readonly string[];
}

/** Prompts through several layers of Qwen3, as a user's message. */
export class Flux2PromptEncoder {
  private readonly config: Qwen3Config;

  private constructor(
    private readonly parts: FamilyParts,
    private readonly tokenizer: OpenTokenizer,
  ) {
    this.config = parts.configs.text_encoder as Qwen3Config;
  }

  static async open(parts: FamilyParts): Promise<Flux2PromptEncoder> {
    parts.checkpoint.component("tokenizer"); // throws when there is none
    return new Flux2PromptEncoder(parts, await parts.tokenizer("text_encoder"));
  }

  /**
   * Padded to `max_sequence_length`: the denoiser looks at the states of padding, too. What does not fit is cut, with a
   * warning. One prompt at a time: the encoder is the largest of the models.
   */
  async encode(prompts: readonly string[], settings: Flux2Settings, signal?: AbortSignal): Promise<Flux2Prompts> {
    const { max_sequence_length: maxLength, num_images_per_prompt, text_encoder_out_layers } = settings;
    const texts = await userMessages(this.tokenizer, prompts, false, signal);
    const options = { maxLength, padding: "max_length", truncation: true, addSpecialTokens: true } as const;
    const encoded = await this.tokenizer.encode(texts, options, signal);
    const hidden: Floats[] = [];
    for (const [i, ids] of encoded.inputIds.entries())
      hidden.push(await this.states({ ids, mask: encoded.attentionMask[i]! }, text_encoder_out_layers, signal));
    return {
      hidden: repeatRows(stack(hidden), num_images_per_prompt),
      warnings: promptsCut(prompts, encoded, maxLength),
    };
  }

  /** @returns `[1, S, layers * hidden_size]` */
  private async states(row: TokenRow, layers: readonly number[], signal?: AbortSignal): Promise<Floats> {
    const { encoder } = this.parts;
    const { config } = this;
    if (layers.join() === TAPS.join())
      return (await causalPass({ run: encoder("text_encoder"), config }, row, ["hidden"], signal))[0]!;
    const names = layers.map((layer) => `state_${layer}`);
    return concat(await causalPass({ run: encoder("text_encoder", "states"), config }, row, names, signal), 2);
  }
}
