import type { DeviceSession } from "./device-memory";

/** Runs of one kind that are waited for, behind the first, which is slower than all others. */
const timed = 3;

/**
 * What runs on a device take: they return when the work is handed over. A few of each kind are waited for, with what was
 * handed over before them; those after it take the median of these.
 */
export class RunTimes {
  private readonly seconds = new WeakMap<DeviceSession, Map<string, number[]>>();

  /** @param wait until the device is idle */
  constructor(private readonly wait: () => Promise<void>) {}

  /** @param sizes of the tensors that go in @returns what the run gave, and the seconds that it takes */
  async time<Result>(session: DeviceSession, sizes: string, run: () => Promise<Result>) {
    const ofSession = this.seconds.get(session) ?? new Map<string, number[]>();
    this.seconds.set(session, ofSession);
    const known = ofSession.get(sizes);
    const isTimed = known !== undefined && known.length < timed;
    if (isTimed) await this.wait();
    const start = performance.now();
    const result = await run();
    if (isTimed) await this.wait();
    const own = (performance.now() - start) / 1000;
    if (!known) ofSession.set(sizes, []);
    if (isTimed) known.push(own);
    return { result, seconds: known && !isTimed ? median(known) : own };
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
