import type { MaskedPicture } from "../image/masked-picture";
import type { EncodingCount } from "../program/encodings";
import { createGenerator } from "../random";
import type { Report } from "../report/report";
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
  /** Whether nothing is made for it any more: of several, one that was cancelled or failed. */
  readonly hasLeft: boolean;
  /** Makes what is for this one alone. Of several, one for which that fails leaves, and nothing is given. */
  attempt<Result>(make: () => Promise<Result>): Promise<Result | undefined>;
  /** Given what was made for it. */
  take(result: GenerateResult): void;
  /** Told that nothing can be. @throws the same where it is the only one */
  fail(error: unknown): void;
}

/** How a batch is run. */
export interface BatchRun {
  readonly signal: AbortSignal | undefined;
  /** Of the one request that it is, where it has some. */
  readonly loras?: ReadLoras | undefined;
}

/** A batch that runs. */
export interface RunningBatch extends BatchRun {
  /** Functions that were asked for since it began. */
  readonly asked: () => AskedFunctions;
}

/** A member whose prompts are read. */
export interface EncodedMember {
  readonly member: Member;
  readonly settings: Settings;
  readonly encoded: Conditioning;
  readonly masked: { readonly picture?: MaskedPicture; readonly warnings: readonly string[] };
  readonly encodings: EncodingCount;
  /** What reading its prompts took. */
  readonly seconds: Report["seconds"];
}

/**
 * Makes the images of requests in one batch: each is given what it would draw of its own seed, and reads its own prompt.
 * Those whose prompts do not fit beside the others' are drawn after them. Each member is given its result when it is
 * there, and what fails for some fails for no other.
 * @param members one, or several of one key (`joinKey`)
 */
export async function generateBatch(parts: PipelineParts, members: readonly Member[], run: BatchRun): Promise<void> {
  const running = { ...run, asked: parts.late.since() };
  const { pipeline } = parts;
  for (const { settings } of members) {
    schedulerFor(parts, settings); // before anything runs
    if (settings.latents) checkLatents(settings.latents, pipeline.noise(settings, createGenerator(0)).shape);
  }
  let left: EncodedMember[] = [];
  for (const member of members) {
    const encoded = await member.attempt(() => encode(parts, member, running));
    if (encoded) left.push(encoded);
  }
  while (left.length > 0) {
    const [first, ...others] = left.filter(({ member }) => !member.hasLeft);
    if (!first) return;
    const batch = [first];
    let { encoded } = first;
    left = [];
    for (const other of others) {
      const both = pipeline.join?.([encoded, other.encoded], first.settings);
      if (both) batch.push(other);
      else left.push(other);
      encoded = both ?? encoded;
    }
    await drawFor(batch, encoded, parts, running);
  }
}

/** What fails for several is drawn one by one: it may be one of them that it fails for, or too much at once for the device. */
async function drawFor(
  batch: readonly EncodedMember[],
  encoded: Conditioning,
  parts: PipelineParts,
  running: RunningBatch,
): Promise<void> {
  try {
    for (const [i, result] of (await drawBatch(parts, batch, encoded, running)).entries())
      batch[i]!.member.take(result);
  } catch (error) {
    if (batch.length === 1) batch[0]!.member.fail(error);
    else for (const one of batch) if (!one.member.hasLeft) await drawFor([one], one.encoded, parts, running);
  }
}

async function encode(
  { pipeline, encodings, models }: PipelineParts,
  member: Member,
  { signal }: RunningBatch,
): Promise<EncodedMember> {
  const { settings } = member;
  const watch = new Stopwatch(models);
  member.tell?.({ kind: "encode" });
  const counted = encodings.since();
  const masked = await maskedPicture(pipeline, settings);
  const encoded = await watch.time("encode", () => pipeline.encode(settings, signal));
  return { member, settings, encoded, masked, encodings: counted(), seconds: watch.seconds() };
}
