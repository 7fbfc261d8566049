import { concat } from "../../loop/concat";
import type { FamilyParts } from "../../loop/family";
import { repeatRows, stack } from "../../loop/guidance";
import type { Program } from "../../program/program";
import { promptsCut } from "../../report/warnings";
import { type Floats, integers } from "../../tensor";
import type { OpenTokenizer } from "../../text/open-tokenizer";
import type { Qwen3Config } from "../encoders/qwen3";
import { rotaryTables } from "../encoders/rotary-tables";
import type { Flux2Settings } from "./settings";
import { TAPS } from "./text-encoder";

/** Prompts as the denoiser takes them. */
export interface Flux2Prompts {
  /** `[B, S, layers * hidden_size]`, a row an image. */
  readonly hidden: Floats;
  readonly warnings: readonly string[];
}

/** Ids of one prompt and which of them are real, both of one length. */
interface Row {
  readonly ids: readonly number[];
  readonly mask: readonly number[];
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
    const template = { addGenerationPrompt: true, enableThinking: false };
    const texts: string[] = [];
    for (const content of prompts)
      texts.push(await this.tokenizer.applyChatTemplate([{ role: "user", content }], template, signal));
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
  private async states(row: Row, layers: readonly number[], signal?: AbortSignal): Promise<Floats> {
    if (layers.join() === TAPS.join())
      return (await this.run(this.parts.programs.text_encoder!, ["hidden"], row, signal))[0]!;
    const program = await this.parts.entry("text_encoder", "states");
    const names = layers.map((layer) => `state_${layer}`);
    return concat(await this.run(program, names, row, signal), 2);
  }

  /** @param names of the outputs that are read */
  private run(program: Program, names: readonly string[], { ids, mask }: Row, signal?: AbortSignal): Promise<Floats[]> {
    const { runtime } = this.parts;
    const shape = [1, ids.length];
    return runtime.pass(async () => {
      const { cos, sin } = rotaryTables(this.config, 1, ids.length);
      const outputs = await program.run(
        {
          input_ids: runtime.upload(integers(shape, ids)),
          attention_mask: runtime.upload({ dtype: "int32", shape, data: Int32Array.from(mask) }),
          cos: runtime.upload(cos),
          sin: runtime.upload(sin),
        },
        { signal },
      );
      return Promise.all(names.map(async (name) => (await outputs[name]!.read()) as Floats));
    });
  }
}
