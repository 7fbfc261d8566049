import type { DrillSite } from "./drill-site";

const rounds = 20;
const long = 150;

/** Seconds until a job that waits, one that runs, and one whose client went away are cancelled; the longest of each. */
export async function cancelledJobs(site: DrillSite): Promise<string[]> {
  const worker = await site.worker();
  const took = { waiting: [] as number[], running: [] as number[], left: [] as number[] };
  for (let i = 0; i < rounds; i++) {
    const running = await site.post({ num_inference_steps: long });
    await site.until(running.id, "running");
    const waiting = await site.post({});
    for (const [name, { id }] of Object.entries({ waiting, running }) as ["waiting" | "running", { id: string }][]) {
      const begin = performance.now();
      await site.ask(`/v1/jobs/${id}`, "DELETE");
      await site.until(id, "cancelled");
      took[name].push((performance.now() - begin) / 1000);
    }
    const client = new AbortController();
    const body = { prompt: "red heart", num_inference_steps: long };
    const asked = site.ask("/v1/images/generations", "POST", body, client.signal).catch(() => undefined);
    let [job] = await site.all();
    while (job?.status !== "running") [job] = await site.all();
    const begin = performance.now();
    client.abort();
    await asked;
    await site.until(job.id, "cancelled");
    took.left.push((performance.now() - begin) / 1000);
  }
  worker.kill("SIGTERM");
  const longest = (times: readonly number[]): string => `${Math.max(...times).toFixed(2)} s`;
  return [
    `cancelled, the longest of ${rounds}: waiting ${longest(took.waiting)}, running ${longest(took.running)}, client gone ${longest(took.left)}`,
  ];
}
