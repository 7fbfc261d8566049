import { concat } from "../../loop/concat";
import type { FamilyParts } from "../../loop/family";
import { repeatRows } from "../../loop/guidance";
import { ofTextEncoder } from "../../report/warnings";
import { type Floats, floats } from "../../tensor";
import { T5Encoder, type T5Encoding } from "../encoders/t5-encoder";
import { type ClipEncoding, ClipPrompts } from "../prompts/clip-prompts";
import { promptRules } from "../prompts/prompt-settings";
import { readPrompt, wordsOf } from "../prompts/read-prompt";
import type { Sd3Config } from "./model";
import type { Sd3Settings } from "./settings";

/** Prompts as the denoiser takes them, a row an image. */
export interface Sd3Prompts {
  /** Both CLIPs' states side by side, filled up with zeros to T5's width, then T5's: `[B, 77 a chunk + S, joint_attention_dim]`. */
  readonly hidden: Floats;
  /** Both CLIPs' states at the end token, `[B, pooled_projection_dim]`. */
  readonly pooled: Floats;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

/** Prompts, or negative prompts. */
export interface Sd3Branch {
  /** One list for each text encoder, of the same length. */
  readonly texts: readonly [readonly string[], readonly string[], readonly string[]];
  /** Layers that both CLIPs leave out. */
  readonly clipSkip: number;
}

/** Prompts through three text encoders, https://arxiv.org/abs/2403.03206, figure 2; T5 may be missing. */
export class Sd3PromptEncoder {
  private constructor(
    private readonly clips: ClipPrompts,
    private readonly t5: T5Encoder | undefined,
    /** Of T5's states. */
    private readonly width: number,
  ) {}

  static async open(parts: FamilyParts): Promise<Sd3PromptEncoder> {
    return new Sd3PromptEncoder(
      await ClipPrompts.open(parts, ["text_encoder", "text_encoder_2"], "penultimate", { isJoint: true }),
      parts.programs.text_encoder_3 && (await T5Encoder.open(parts, "text_encoder_3")),
      (parts.configs.transformer as Sd3Config).joint_attention_dim,
    );
  }

  /** @param branches prompts, and negative prompts; T5 reads the words without weights */
  async encode(branches: readonly Sd3Branch[], settings: Sd3Settings, signal?: AbortSignal): Promise<Sd3Prompts[]> {
    const rules = promptRules(settings);
    const { max_sequence_length: limit, num_images_per_prompt } = settings;
    const clips = await this.clips.encode(
      branches.map(({ texts: [first, second], clipSkip }) => ({ texts: [first, second], clipSkip })),
      rules,
      signal,
    );
    const encoded: Sd3Prompts[] = [];
    for (const [i, { texts }] of branches.entries()) {
      const [clip, clip2] = clips[i] as [ClipEncoding, ClipEncoding];
      const words = texts[2].map((text) => wordsOf(readPrompt(text, rules.weighting)));
      const t5 = await this.encodeLong(words, limit, signal);
      const short = widened(concat([clip.hidden, clip2.hidden], 2), t5.hidden.shape[2]!);
      encoded.push({
        hidden: repeatRows(concat([short, t5.hidden], 1), num_images_per_prompt),
        pooled: repeatRows(concat([clip.pooled, clip2.pooled], 1), num_images_per_prompt),
        warnings: [clip, clip2, t5].flatMap(({ warnings }, at) => ofTextEncoder(componentNames[at]!, warnings)),
        notes: [...new Set([...clip.notes, ...clip2.notes])],
      });
    }
    return encoded;
  }

  /** Without T5 the denoiser sees zeros in its place. */
  private async encodeLong(
    prompts: readonly string[],
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<Pick<T5Encoding, "hidden" | "warnings">> {
    if (this.t5) return this.t5.encode(prompts, { limit, masked: false }, signal);
    return { hidden: floats([prompts.length, limit, this.width]), warnings: [] };
  }
}

const componentNames = ["text_encoder", "text_encoder_2", "text_encoder_3"];

/** Zeros behind each row, up to a width; of what is wider the rest is cut. @param hidden `[B, T, D]` @returns `[B, T, width]` */
function widened({ shape, data }: Floats, width: number): Floats {
  const [batch, tokens, dim] = shape as [number, number, number];
  const result = floats([batch, tokens, width]);
  for (let row = 0; row < batch * tokens; row++)
    result.data.set(data.subarray(row * dim, row * dim + Math.min(dim, width)), row * width);
  return result;
}
