/** Seconds of several ways to do the same, one after the other in turns, so that a busy machine hits all alike. */
export async function interleave<Names extends string>(
  rounds: number,
  bodies: Readonly<Record<Names, () => Promise<number>>>,
): Promise<Record<Names, number[]>> {
  const names = Object.keys(bodies) as Names[];
  const seconds = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Names, number[]>;
  for (let round = 0; round < rounds; round++) for (const name of names) seconds[name].push(await bodies[name]());
  return seconds;
}

/** Seconds that a call takes. */
export async function timed(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return (performance.now() - start) / 1000;
}

/** Processor seconds that a call takes, of all of this process: on one thread, what it would take on a machine of its own. */
export async function processorTimed(body: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** What it takes when nothing else runs: other work only ever adds. */
export function least(values: readonly number[]): number {
  return Math.min(...values);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The largest difference, as a part of the largest number that is expected. */
export function errorOf(found: Float32Array, expected: Float32Array): number {
  let [largest, difference] = [0, 0];
  for (const [i, value] of expected.entries()) {
    largest = Math.max(largest, Math.abs(value));
    difference = Math.max(difference, Math.abs(found[i]! - value));
  }
  return difference / largest;
}
