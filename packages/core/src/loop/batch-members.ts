import { cancelled } from "../errors/runtime";
import type { ReadLoras } from "./beside-loras";
import type { Member } from "./generate-batch";
import { areBatchInvariant, joinKey, joinSettings } from "./joined";
import { memoryProblems } from "./limits";
import type { GenerateRequest, GenerateResult, PipelineParts } from "./pipeline";
import type { ProgressEvent } from "./progress";
import type { ProgressListener } from "./progress-listener";
import type { Settings } from "./settings";

/** A request that was checked. */
export interface Asked {
  readonly parts: PipelineParts;
  readonly settings: Settings;
  readonly loras: ReadLoras | undefined;
  readonly signal: AbortSignal | undefined;
  readonly previews: GenerateRequest["previews"];
  readonly progress: ProgressListener;
}

/** Requests by the batch that draws them, in the order of the first of each. */
export function batchesOf(all: readonly Asked[]): Asked[][] {
  const batches: Asked[][] = [];
  const open = new Map<string, Asked[]>();
  for (const asked of all) {
    const key = keyOf(asked);
    const batch = key === undefined ? undefined : open.get(key);
    if (batch && batch[0]!.parts.runtime === asked.parts.runtime && fits([...batch, asked])) {
      batch.push(asked);
      continue;
    }
    const own = [asked];
    batches.push(own);
    if (key !== undefined) open.set(key, own);
  }
  return batches;
}

function keyOf({ parts: { plugins, pipeline, model, scheduler }, settings }: Asked): string | undefined {
  if (!pipeline.join || !areBatchInvariant(plugins.plugins)) return undefined;
  const key = joinKey(model.family, settings);
  return key && JSON.stringify([key, scheduler.className, scheduler.options]);
}

function fits(batch: readonly Asked[]): boolean {
  const { model, config } = batch[0]!.parts;
  const settings = joinSettings(
    model.family,
    batch.map((asked) => asked.settings),
  );
  return memoryProblems(model, settings, config).length === 0;
}

/**
 * Those who asked for what one batch draws. Of several, one that is cancelled or whose `onProgress` throws leaves, and is
 * told at once; the batch goes on for the others, and stops when none is left.
 */
export class BatchMembers {
  readonly all: readonly Member[];
  /** Stops the batch. */
  readonly signal: AbortSignal | undefined;
  private readonly guests: readonly Guest[] | undefined;

  constructor(private readonly asked: readonly Asked[]) {
    const stopped = new AbortController();
    const guests =
      asked.length === 1
        ? undefined
        : asked.map((one) => new Guest(one, () => guests!.every(({ hasLeft }) => hasLeft) && stopped.abort()));
    this.guests = guests;
    this.signal = guests ? stopped.signal : asked[0]!.signal;
    this.all = asked.map(({ settings, previews, progress }, i) => ({
      settings,
      previews,
      tell: progress.tell && (guests ? guests[i]!.tell : progress.tell),
    }));
    for (const guest of guests ?? []) guest.heed();
  }

  /** Tells all of them; `undefined` when nobody listens. */
  get tell(): ((event: ProgressEvent) => void) | undefined {
    const tells = this.all.flatMap(({ tell }) => tell ?? []);
    if (tells.length === 0) return undefined;
    return (event) => {
      for (const tell of tells) tell(event);
    };
  }

  /** @param drawn one result each @returns what each of them waits for */
  resultsOf(drawn: Promise<readonly GenerateResult[]>): Promise<GenerateResult>[] {
    return this.asked.map(async ({ progress }, i) => {
      const own = drawn.then(async (results) => {
        await progress.settled();
        return results[i]!;
      });
      return this.guests ? this.guests[i]!.unlessLeft(own) : own;
    });
  }
}

/** One of several members. */
class Guest {
  hasLeft = false;
  private refuse!: (error: unknown) => void;
  private readonly left = new Promise<never>((_, reject) => {
    this.refuse = reject;
  });

  constructor(
    private readonly asked: Asked,
    private readonly onLeave: () => void,
  ) {
    this.left.catch(() => undefined); // told where it is waited for
  }

  /** Hears its signal from now on. */
  heed(): void {
    const { signal } = this.asked;
    if (signal?.aborted) this.cancel();
    else signal?.addEventListener("abort", this.cancel, { once: true });
  }

  readonly tell = (event: ProgressEvent): void => {
    if (this.hasLeft) return;
    try {
      this.asked.progress.tell?.(event);
    } catch (error) {
      this.leave(error);
    }
  };

  async unlessLeft<Result>(result: Promise<Result>): Promise<Result> {
    try {
      return await Promise.race([this.left, result]);
    } finally {
      this.asked.signal?.removeEventListener("abort", this.cancel);
    }
  }

  private readonly cancel = (): void => this.leave(cancelled(this.asked.signal?.reason));

  private leave(error: unknown): void {
    this.hasLeft = true;
    this.refuse(error);
    this.onLeave();
  }
}
