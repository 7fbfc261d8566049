import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../../test/databases";
import type { DrillSite, ToldJob } from "./drill-site";

/** Milliseconds between two kills. */
const kills = 10_000;

/**
 * Jobs of five priorities over three workers. Every 10 s one of these is killed with -9 and another one started; in the
 * middle the database is.
 */
export async function killedWorkers(
  site: DrillSite,
  database: Database,
  count: number,
  steps: number,
): Promise<string[]> {
  const priorities = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const priority = (i * 7) % 5;
    const { id } = await site.post({ num_inference_steps: steps, seed: i, priority });
    priorities.set(id, priority);
  }
  const begin = performance.now();
  const workers = await Promise.all([site.worker(), site.worker(), site.worker()]);
  let [killed, isRestarted] = [0, false];
  const restarts: number[] = [];
  let next = performance.now() + kills;
  let jobs: ToldJob[] = [];
  for (;;) {
    await delay(500);
    jobs = (await site.all()).filter(({ id }) => priorities.has(id)); // other drills have left theirs
    const over = jobs.filter(({ ended_at }) => ended_at !== null).length;
    if (over === count) break;
    if (!isRestarted && over >= count / 2) {
      isRestarted = true;
      restarts.push(Date.now() / 1000);
      await database.restart();
    }
    if (performance.now() < next) continue;
    next += kills;
    restarts.push(Date.now() / 1000);
    const at = killed++ % workers.length;
    workers[at]!.kill("SIGKILL");
    workers[at] = await site.worker();
  }
  const seconds = (performance.now() - begin) / 1000;
  for (const worker of workers) worker.kill("SIGTERM");
  const states = new Map<string, number>();
  for (const { status } of jobs) states.set(status, (states.get(status) ?? 0) + 1);
  const once = jobs.filter(({ images }) => images.length === 1).length;
  const attempts = jobs.map(({ id }) => readdirSync(join(site.blobs, id)).length);
  return [
    `${count} jobs of ${steps} steps, ${killed} kills, database restarted ${isRestarted ? "once" : "never"}: ${seconds.toFixed(0)} s`,
    `by state: ${[...states].map(([state, of]) => `${of} ${state}`).join(", ")}`,
    `with one image in the result: ${once}`,
    `drawn again after a kill, with an image of the earlier attempt left beside the result: ${attempts.filter((of) => of > 1).length}`,
    `begun before one of a higher priority that waited: ${inversions(jobs, priorities, restarts)}`,
  ];
}

/** Jobs that began before one of a higher priority, but for those that a kill or a restart gave back to the queue. */
function inversions(
  jobs: readonly ToldJob[],
  priorities: ReadonlyMap<string, number>,
  restarts: readonly number[],
): number {
  const begun = [...jobs].sort((a, b) => a.started_at! - b.started_at!);
  let count = 0;
  for (const [i, job] of begun.entries()) {
    const passed = begun.slice(i + 1).filter(({ id }) => priorities.get(id)! > priorities.get(job.id)!);
    const isReturned = (at: number): boolean => restarts.some((time) => at > time && at - time < 12);
    if (passed.some(({ started_at }) => started_at! - job.started_at! > 0.5 && !isReturned(started_at!))) count++;
  }
  return count;
}
