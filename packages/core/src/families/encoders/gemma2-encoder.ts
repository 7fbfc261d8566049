import type { FamilyParts } from "../../loop/family";
import type { Program } from "../../program/program";
import { promptsCut } from "../../report/warnings";
import type { Runtime } from "../../runtime/runtime";
import { type Floats, floats, integers } from "../../tensor";
import type { OpenTokenizer } from "../../text/open-tokenizer";
import type { Gemma2Config } from "./gemma2";
import { rotaryTables } from "./rotary-tables";

/** Texts through Gemma 2. */
export class Gemma2Encoder {
  private constructor(
    private readonly runtime: Runtime,
    private readonly program: Program,
    private readonly config: Gemma2Config,
    private readonly tokenizer: OpenTokenizer,
  ) {}

  /** @param component `text_encoder`; its tokenizer is `tokenizer` */
  static async open({ runtime, programs, configs, tokenizer }: FamilyParts, component: string): Promise<Gemma2Encoder> {
    const config = configs[component] as Gemma2Config;
    return new Gemma2Encoder(runtime, programs[component]!, config, await tokenizer(component));
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
    for (const ids of encoded.inputIds) hidden.push(await this.run(ids, signal));
    return { hidden, warnings: promptsCut(told, encoded, limit) };
  }

  private run(ids: readonly number[], signal?: AbortSignal): Promise<Floats> {
    const { runtime, config } = this;
    const tokens = ids.length;
    if (tokens === 0) return Promise.resolve(floats([0, config.hidden_size]));
    return runtime.pass(async () => {
      const { cos, sin } = rotaryTables(config, 1, tokens);
      const { hidden } = await this.program.run(
        {
          input_ids: runtime.upload(integers([1, tokens], ids)),
          attention_mask: runtime.upload({ dtype: "int32", shape: [1, tokens], data: new Int32Array(tokens).fill(1) }),
          cos: runtime.upload(cos),
          sin: runtime.upload(sin),
        },
        { signal },
      );
      const { data } = (await hidden!.read()) as Floats;
      return floats([tokens, config.hidden_size], data);
    });
  }
}
