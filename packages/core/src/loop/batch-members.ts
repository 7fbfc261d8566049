import { cancelled } from "../errors/runtime";
import { isBatchInvariant } from "../plugins/batch-invariant";
import type { ReadLoras } from "./beside-loras";
import type { Member } from "./generate-batch";
import { joinKey, joinSettings } from "./joined";
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

/** Recipes have the scheduler as it was asked for. */
function keyOf({ parts: { plugins, pipeline, model, config }, settings }: Asked): string | undefined {
  if (!pipeline.join || !plugins.plugins.every(isBatchInvariant)) return undefined;
  const key = joinKey(model.family, settings);
  return key && JSON.stringify([key, config.scheduler]);
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
 * Those who asked for what one batch draws. Of several, one that is cancelled, or for which something of its own fails,
 * such as its `onProgress`, leaves, and is told at once; the batch goes on for the others, and stops when none is left.
 */
export class BatchMembers {
  readonly all: readonly Member[];
  /** Stops the batch. */
  readonly signal: AbortSignal | undefined;
  private readonly waiting: readonly (Only | Guest)[];

  constructor(asked: readonly Asked[]) {
    const [first] = asked as [Asked];
    if (asked.length === 1) {
      this.signal = first.signal;
      this.waiting = [new Only(first)];
    } else {
      const stopped = new AbortController();
      const guests = asked.map((one) => new Guest(one, () => guests.every(({ isOver }) => isOver) && stopped.abort()));
      for (const guest of guests) guest.heed();
      this.signal = stopped.signal;
      this.waiting = guests;
    }
    this.all = this.waiting;
  }

  /** Tells all of them; `undefined` when nobody listens. */
  get tell(): ((event: ProgressEvent) => void) | undefined {
    const tells = this.all.flatMap(({ tell }) => tell ?? []);
    if (tells.length === 0) return undefined;
    return (event) => {
      for (const tell of tells) tell(event);
    };
  }

  /** @param drawn when all of them have taken what was made for them @returns what each of them waits for */
  resultsOf(drawn: Promise<void>): Promise<GenerateResult>[] {
    return this.waiting.map((member) => member.resultOf(drawn));
  }
}

/** A member that is alone: what goes wrong ends the generation. */
class Only implements Member {
  readonly hasLeft = false;
  readonly settings;
  readonly previews;
  readonly tell;
  private result: GenerateResult | undefined;

  constructor(private readonly asked: Asked) {
    this.settings = asked.settings;
    this.previews = asked.previews;
    this.tell = asked.progress.tell;
  }

  attempt<Result>(make: () => Promise<Result>): Promise<Result> {
    return make();
  }

  take(result: GenerateResult): void {
    this.result = result;
  }

  fail(error: unknown): never {
    throw error;
  }

  async resultOf(drawn: Promise<void>): Promise<GenerateResult> {
    await drawn;
    await this.asked.progress.settled();
    return this.result!;
  }
}

/** One of several members. */
class Guest implements Member {
  hasLeft = false;
  readonly settings;
  readonly previews;
  readonly tell;
  private isDrawn = false;
  private accept!: (result: GenerateResult) => void;
  private refuse!: (error: unknown) => void;
  private readonly result = new Promise<GenerateResult>((resolve, reject) => {
    this.accept = resolve;
    this.refuse = reject;
  });

  constructor(
    private readonly asked: Asked,
    private readonly onOver: () => void,
  ) {
    const { settings, previews, progress } = asked;
    this.settings = settings;
    this.previews = previews;
    this.tell = progress.tell && ((event: ProgressEvent) => this.pass(event));
  }

  /** Whether the batch draws nothing more for it. */
  get isOver(): boolean {
    return this.hasLeft || this.isDrawn;
  }

  /** Hears its signal from now on. */
  heed(): void {
    const { signal } = this.asked;
    if (signal?.aborted) this.cancel();
    else signal?.addEventListener("abort", this.cancel, { once: true });
  }

  async attempt<Result>(make: () => Promise<Result>): Promise<Result | undefined> {
    if (this.hasLeft) return undefined;
    try {
      return await make();
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  take(result: GenerateResult): void {
    this.isDrawn = true;
    this.asked.progress.settled().then(() => this.accept(result), this.refuse);
  }

  fail(error: unknown): void {
    this.hasLeft = true;
    this.refuse(error);
    this.onOver();
  }

  async resultOf(drawn: Promise<void>): Promise<GenerateResult> {
    drawn.catch((error) => this.isOver || this.fail(error));
    try {
      return await this.result;
    } finally {
      this.asked.signal?.removeEventListener("abort", this.cancel);
    }
  }

  private pass(event: ProgressEvent): void {
    if (this.hasLeft) return;
    try {
      this.asked.progress.tell!(event);
    } catch (error) {
      this.fail(error);
    }
  }

  private readonly cancel = (): void => this.fail(cancelled(this.asked.signal?.reason));
}
