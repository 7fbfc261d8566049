import type { MaskedPicture } from "../image/masked-picture";
import type { EncodingCount } from "../program/encodings";
import { createGenerator } from "../random";
import type { ReadLoras } from "./beside-loras";
import { checkLatents } from "./check-request";
import { drawBatch, schedulerFor } from "./draw-batch";
import type { Conditioning } from "./family";
import type { AskedFunctions } from "./late-functions";
import { maskedPicture } from "./masked-picture";
import type { GenerateRequest, GenerateResult, PipelineParts } from "./pipeline";
import type { ProgressEvent } from "./progress";
import type { Settings } from "./settings";
import { Stopwatch } from "./stopwatch";

/** One of the requests that are drawn in one batch. */
export interface Member {
  readonly settings: Settings;
  readonly previews: GenerateRequest["previews"];
  /** Told of progress. */
  readonly tell: ((event: ProgressEvent) => void) | undefined;
}

/** How a batch is run. */
export interface BatchRun {
  readonly signal: AbortSignal | undefined;
  /** Of the one request that it is, where it has some. */
  readonly loras?: ReadLoras | undefined;
}

/** A batch that runs. */
export interface RunningBatch extends BatchRun {
  readonly watch: Stopwatch;
  /** Functions that were asked for since it began. */
  readonly asked: () => AskedFunctions;
}

/** A member whose prompts are read. */
export interface EncodedMember extends Member {
  readonly encoded: Conditioning;
  readonly masked: { readonly picture?: MaskedPicture; readonly warnings: readonly string[] };
  readonly encodings: EncodingCount;
}

/**
 * Makes the images of requests in one batch: each is given what it would draw of its own seed, and reads its own prompt.
 * Those whose prompts do not fit beside the others' are drawn after them.
 * @param members one, or several of one key (`joinKey`)
 * @returns one result a member
 */
export async function generateBatch(
  parts: PipelineParts,
  members: readonly Member[],
  run: BatchRun,
): Promise<GenerateResult[]> {
  const running = { ...run, watch: new Stopwatch(parts.models), asked: parts.late.since() };
  const { pipeline } = parts;
  for (const { settings } of members) {
    schedulerFor(parts, settings); // before anything runs
    if (settings.latents) checkLatents(settings.latents, pipeline.noise(settings, createGenerator(0)).shape);
  }
  const encoded: EncodedMember[] = [];
  for (const member of members) encoded.push(await encode(parts, member, running));
  const results = new Map<EncodedMember, GenerateResult>();
  let left = encoded;
  while (left.length > 0) {
    const [first, ...others] = left as [EncodedMember, ...EncodedMember[]];
    const fitting = others.filter(
      (other) => pipeline.join?.([first.encoded, other.encoded], first.settings) !== undefined,
    );
    const batch = [first, ...fitting];
    for (const [i, result] of (await drawBatch(parts, batch, running)).entries()) results.set(batch[i]!, result);
    left = others.filter((other) => !fitting.includes(other));
  }
  return encoded.map((member) => results.get(member)!);
}

async function encode(
  { pipeline, encodings }: PipelineParts,
  member: Member,
  { watch, signal }: RunningBatch,
): Promise<EncodedMember> {
  member.tell?.({ kind: "encode" });
  const counted = encodings.since();
  const masked = await maskedPicture(pipeline, member.settings);
  const encoded = await watch.time("encode", () => pipeline.encode(member.settings, signal));
  return { ...member, encoded, masked, encodings: counted() };
}
