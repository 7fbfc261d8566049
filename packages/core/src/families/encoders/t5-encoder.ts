import type { FamilyParts } from "../../loop/family";
import type { Encode } from "../../program/encodings";
import { promptsCut } from "../../report/warnings";
import { type Floats, integers, type Tensor } from "../../tensor";
import type { OpenTokenizer } from "../../text/open-tokenizer";

export interface T5Options {
  /** Tokens of a row, the end token included: diffusers' `max_sequence_length`. */
  readonly limit: number;
  /** Whether the encoder is told which tokens are padding: PixArt says so, FLUX and Stable Diffusion 3 do not. */
  readonly masked: boolean;
}

export interface T5Encoding {
  /** `[B, limit, d_model]` */
  readonly hidden: Floats;
  /** int32 `[B, limit]`, 1 for a token of the prompt, 0 for padding; whether the encoder was told or not. */
  readonly mask: Tensor<Int32Array>;
  readonly warnings: readonly string[];
}

/** Prompts through a T5 encoder, padded to a fixed length, as diffusers' pipelines do. */
export class T5Encoder {
  private constructor(
    private readonly run: Encode,
    private readonly tokenizer: OpenTokenizer,
  ) {}

  /** Takes an encoder of the pipeline's. @param component `text_encoder_2`; its tokenizer is `tokenizer_2` */
  static async open({ encoder, tokenizer }: FamilyParts, component: string): Promise<T5Encoder> {
    return new T5Encoder(encoder(component), await tokenizer(component));
  }

  /** All prompts in one batch; what does not fit is cut, with a warning. */
  async encode(prompts: readonly string[], { limit, masked }: T5Options, signal?: AbortSignal): Promise<T5Encoding> {
    const options = { maxLength: limit, padding: "max_length", truncation: true } as const;
    const encoded = await this.tokenizer.encode(prompts, options, signal);
    const warnings = promptsCut(prompts, encoded, limit);
    const shape = [prompts.length, limit];
    const mask = { dtype: "int32", shape, data: Int32Array.from(encoded.attentionMask.flat()) } as const;
    const inputs = {
      input_ids: integers(shape, encoded.inputIds.flat()),
      attention_mask: masked ? mask : { ...mask, data: new Int32Array(mask.data.length).fill(1) },
    };
    const [hidden] = await this.run(inputs, ["hidden"], signal);
    return { hidden: hidden!, mask, warnings };
  }
}
