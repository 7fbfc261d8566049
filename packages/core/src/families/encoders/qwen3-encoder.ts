import type { FamilyParts } from "../../loop/family";
import type { Program } from "../../program/program";
import { promptsCut } from "../../report/warnings";
import type { Runtime } from "../../runtime/runtime";
import { type Floats, floats, integers } from "../../tensor";
import type { OpenTokenizer } from "../../text/open-tokenizer";
import type { Qwen3Config } from "./qwen3";
import { rotaryTables } from "./rotary-tables";

/** Chat-templated prompts through Qwen3, as ZImagePipeline encodes them. */
export class Qwen3Encoder {
  private constructor(
    private readonly runtime: Runtime,
    private readonly program: Program,
    private readonly config: Qwen3Config,
    private readonly tokenizer: OpenTokenizer,
  ) {}

  static async open({
    checkpoint,
    runtime,
    programs,
    configs,
    tokenizer: tokenizerOf,
  }: FamilyParts): Promise<Qwen3Encoder> {
    checkpoint.component("tokenizer"); // throws when there is none
    const tokenizer = await tokenizerOf("text_encoder");
    return new Qwen3Encoder(runtime, programs.text_encoder!, configs.text_encoder as Qwen3Config, tokenizer);
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
    const template = { addGenerationPrompt: true, enableThinking: true };
    const texts: string[] = [];
    for (const content of prompts)
      texts.push(await this.tokenizer.applyChatTemplate([{ role: "user", content }], template, signal));
    const options = { maxLength: limit, padding: "none", truncation: true, addSpecialTokens: true } as const;
    const encoded = await this.tokenizer.encode(texts, options, signal);
    const hidden: Floats[] = [];
    for (const ids of encoded.inputIds) hidden.push(await this.run(ids, signal));
    const warnings = promptsCut(prompts, encoded, limit);
    return { hidden, warnings };
  }

  private run(ids: readonly number[], signal?: AbortSignal): Promise<Floats> {
    const { runtime, config } = this;
    const tokens = ids.length;
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
