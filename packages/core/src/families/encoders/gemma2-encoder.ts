import type { FamilyParts } from "../../loop/family";
import type { Encode } from "../../program/encodings";
import { promptsCut } from "../../report/warnings";
import { type Floats, floats } from "../../tensor";
import type { OpenTokenizer } from "../../text/open-tokenizer";
import { type CausalModel, causalStates } from "./causal-pass";
import type { Gemma2Config } from "./gemma2";

/** Texts through Gemma 2. */
export class Gemma2Encoder implements CausalModel {
  private constructor(
    readonly run: Encode,
    readonly config: Gemma2Config,
    private readonly tokenizer: OpenTokenizer,
  ) {}

  /** @param component `text_encoder`; its tokenizer is `tokenizer` */
  static async open({ encoder, configs, tokenizer }: FamilyParts, component: string): Promise<Gemma2Encoder> {
    const config = configs[component] as Gemma2Config;
    return new Gemma2Encoder(encoder(component), config, await tokenizer(component));
  }

  /** Tokens of a text, the one that begins it included. */
  async count(text: string, signal?: AbortSignal): Promise<number> {
    const { lengths } = await this.tokenizer.encode([text], {}, signal);
    return lengths[0]!;
  }

  /**
   * Each text runs by itself and without padding: attention is causal and the reference pads on the right, so real
   * tokens see the same.
   * @param limit most tokens of a text; the rest is cut, with a warning
   * @param told what warnings call the texts
   * @returns one `[tokens, hidden_size]` a text
   */
  async encode(
    texts: readonly string[],
    { limit, told = texts }: { readonly limit: number; readonly told?: readonly string[] },
    signal?: AbortSignal,
  ): Promise<{ readonly hidden: readonly Floats[]; readonly warnings: readonly string[] }> {
    const encoded = await this.tokenizer.encode(texts, { maxLength: limit, truncation: true }, signal);
    const hidden: Floats[] = [];
    for (const ids of encoded.inputIds)
      hidden.push(ids.length === 0 ? floats([0, this.config.hidden_size]) : await causalStates(this, ids, signal));
    return { hidden, warnings: promptsCut(told, encoded, limit) };
  }
}
