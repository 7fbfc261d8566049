import type { FamilyParts } from "../../loop/family";
import type { Encode } from "../../program/encodings";
import { promptsCut } from "../../report/warnings";
import type { Floats } from "../../tensor";
import type { OpenTokenizer } from "../../text/open-tokenizer";
import { type CausalModel, causalStates } from "./causal-pass";
import type { Qwen3Config } from "./qwen3";
import { userMessages } from "./user-messages";

/** Chat-templated prompts through Qwen3, as ZImagePipeline encodes them. */
export class Qwen3Encoder implements CausalModel {
  private constructor(
    readonly run: Encode,
    readonly config: Qwen3Config,
    private readonly tokenizer: OpenTokenizer,
  ) {}

  /** Takes the pipeline's `text_encoder` and its `tokenizer`. @throws SKIPSTEP_COMPONENT_MISSING without one */
  static async open({ checkpoint, encoder, configs, tokenizer: tokenizerOf }: FamilyParts): Promise<Qwen3Encoder> {
    checkpoint.component("tokenizer"); // throws when there is none
    const tokenizer = await tokenizerOf("text_encoder");
    return new Qwen3Encoder(encoder("text_encoder"), configs.text_encoder as Qwen3Config, tokenizer);
  }

  /**
   * Each prompt runs by itself and without padding: attention is causal and the reference pads on the right and drops
   * the padded rows, so the result is the same for a fraction of the work.
   * @param limit most tokens of a prompt; the rest is cut, with a warning
   * @returns one `[tokens, hidden_size]` a prompt
   */
  async encode(
    prompts: readonly string[],
    limit: number,
    signal?: AbortSignal,
  ): Promise<{ hidden: Floats[]; warnings: string[] }> {
    const texts = await userMessages(this.tokenizer, prompts, true, signal);
    const options = { maxLength: limit, padding: "none", truncation: true, addSpecialTokens: true } as const;
    const encoded = await this.tokenizer.encode(texts, options, signal);
    const hidden: Floats[] = [];
    for (const ids of encoded.inputIds) hidden.push(await causalStates(this, ids, signal));
    const warnings = promptsCut(prompts, encoded, limit);
    return { hidden, warnings };
  }
}
