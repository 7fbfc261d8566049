import type { Configs, FamilyParts, SettingProblem } from "../../loop/family";
import type { Program } from "../../program/program";
import { promptsCut } from "../../report/warnings";
import type { Runtime } from "../../runtime/runtime";
import { type Floats, integers } from "../../tensor";
import type { OpenTokenizer } from "../../text/open-tokenizer";
import type { ClipTextConfig } from "./clip-text";

/**
 * The hidden state that a pipeline takes when it skips no layer: Stable Diffusion 1 and 2 the `last`, after the final
 * norm; Stable Diffusion XL and 3 the `penultimate`, before it.
 */
export type ClipState = "last" | "penultimate";

export interface ClipOptions {
  /** Layers that are left out at the end, as diffusers' `clip_skip`: 0 is what its `None` is. Default 0. */
  readonly clipSkip?: number;
  /** Tokens of a row, the special ones included. Default: `limit` of the encoder. */
  readonly limit?: number;
}

export interface ClipEncoding {
  /** `[B, T, hidden_size]` */
  readonly hidden: Floats;
  /** `[B, P]`, the state at the end token: projected (P = projection_dim) by encoders with projection, else P = hidden_size. */
  readonly pooled: Floats;
  readonly warnings: readonly string[];
}

/** Prompts through a CLIP text encoder, padded to its full length and without a mask, as diffusers' pipelines do. */
export class ClipEncoder {
  /** Most tokens of a row, the special ones included: 77. */
  readonly limit: number;

  private constructor(
    private readonly runtime: Runtime,
    private readonly program: Program,
    private readonly config: ClipTextConfig,
    private readonly tokenizer: OpenTokenizer,
    private readonly state: ClipState,
  ) {
    this.limit = Math.min(tokenizer.modelMaxLength, config.max_position_embeddings);
  }

  /** @param component `text_encoder`, `text_encoder_2`; its tokenizer is `tokenizer`, `tokenizer_2` */
  static async open(
    { runtime, programs, configs, tokenizer: tokenizerOf }: FamilyParts,
    component: string,
    state: ClipState,
  ): Promise<ClipEncoder> {
    const tokenizer = await tokenizerOf(component);
    return new ClipEncoder(runtime, programs[component]!, configs[component] as ClipTextConfig, tokenizer, state);
  }

  /** All prompts in one batch; what does not fit is cut, with a warning. */
  async encode(
    prompts: readonly string[],
    { clipSkip = 0, limit = this.limit }: ClipOptions = {},
    signal?: AbortSignal,
  ): Promise<ClipEncoding> {
    const { runtime, program, state } = this;
    const maxLength = Math.min(limit, this.config.max_position_embeddings);
    const options = { maxLength, padding: "max_length", truncation: true } as const;
    const encoded = await this.tokenizer.encode(prompts, options, signal);
    const warnings = promptsCut(prompts, encoded, maxLength);
    return runtime.pass(async () => {
      const { hidden, normalized, pooled } = await program.run(
        {
          input_ids: runtime.upload(integers([prompts.length, maxLength], encoded.inputIds.flat())),
          layer: runtime.upload(integers([], [-clipSkip - (state === "last" ? 1 : 2)])),
        },
        { signal },
      );
      const chosen = state === "last" ? normalized! : hidden!;
      return { hidden: (await chosen.read()) as Floats, pooled: (await pooled!.read()) as Floats, warnings };
    });
  }
}

/** What is wrong with `clip_skip`; told once, since it is the same setting for all. @param names of components */
export function clipSkipProblems(
  configs: Configs,
  clipSkip: number,
  names: readonly string[],
  state: ClipState,
): SettingProblem[] {
  const problems = names.flatMap((name): SettingProblem[] => {
    const { num_hidden_layers: layers } = configs[name] as ClipTextConfig;
    const most = state === "last" ? layers : layers - 1;
    if (Number.isInteger(clipSkip) && clipSkip >= 0 && clipSkip <= most) return [];
    const text = `must be a whole number from 0 to ${most} for this text encoder, found ${clipSkip}`;
    return [{ key: "clip_skip", text }];
  });
  return problems.slice(0, 1);
}
