import { expect, it } from "vitest";
import { eventsOf, served } from "./served";

const server = served({ limits: { queue: 2 }, keptJobs: 3 });

interface Described {
  readonly id: string;
  readonly status: string;
  readonly place: number | null;
  readonly progress: { phase: string; step: number; of: number; seconds_left: number | null } | null;
  readonly images: { url: string; seed: number }[];
  readonly reports: { seed: number }[];
}

const ask = async (fields: object = {}): Promise<Described> =>
  (await server.ask("/v1/jobs", { prompt: "red heart", ...fields })).json();
const look = async ({ id }: Described): Promise<Described> => (await server.ask(`/v1/jobs/${id}`)).json();
const cancel = (job: Described): Promise<Response> => server.ask(`/v1/jobs/${job.id}`, undefined, { method: "DELETE" });
const events = async (job: Described, last?: number) =>
  eventsOf(
    await server.ask(
      `/v1/jobs/${job.id}/events`,
      undefined,
      last === undefined ? {} : { headers: { "last-event-id": `${last}` } },
    ),
  );
const until = (job: Described, status: string) =>
  expect.poll(async () => (await look(job)).status, { timeout: 30_000 }).toBe(status);

it("tells a job from asking to the image", async () => {
  const job = await ask({ seed: 3, previews: 1 });
  expect(job).toMatchObject({ images: [], progress: expect.anything() });
  const told = await events(job);
  expect(told.map(({ event }) => event).at(-1)).toBe("completed");
  expect(told.filter(({ event }) => event === "preview")).toHaveLength(1);
  const ids = told.map(({ id }) => Number(id));
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  const done = await look(job);
  expect(done).toMatchObject({
    status: "completed",
    place: null,
    progress: { step: 2, of: 2 },
    reports: [{ seed: 3 }],
  });
  const image = await (await fetch(`${server.url}${done.images[0]!.url}`)).arrayBuffer();
  const { images } = await server.generate({ prompt: "red heart", seed: 3 });
  expect(Buffer.from(image).equals(await images[0]!.toPng())).toBe(true);
  // Somebody who lost his line is told the rest only, and all of it at once where the job is over.
  const rest = await events(job, ids.at(-2));
  expect(rest.map(({ id, event }) => [id, event])).toEqual([[`${ids.at(-1)}`, "completed"]]);
  expect(rest[0]!.data).toMatchObject({ images: [{ seed: 3 }] });
});

it("runs jobs one after the other, those of a higher priority first, and refuses what the queue has no room for", async () => {
  const running = await ask({ num_inference_steps: 150 });
  await until(running, "running");
  const later = await ask({ priority: 0 });
  const sooner = await ask({ priority: 5 });
  expect([(await look(later)).place, (await look(sooner)).place]).toEqual([1, 0]);
  const refused = await server.ask("/v1/jobs", { prompt: "red heart" });
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ error: { code: "queue_full", type: "rate_limit_error" } });
  const [begin, end] = [performance.now(), cancel(running)];
  await end;
  await until(running, "cancelled");
  expect(performance.now() - begin).toBeLessThan(30_000);
  await until(later, "completed");
  const order = await Promise.all(
    [sooner, later].map(async (job) => (await look(job)) as unknown as { started_at: number }),
  );
  expect(order[0]!.started_at).toBeLessThan(order[1]!.started_at);
});

it("cancels what waits at once, and keeps the newest", async () => {
  const running = await ask({ num_inference_steps: 150 });
  const waiting = await ask();
  expect(await (await cancel(waiting)).json()).toMatchObject({ status: "cancelled", place: null });
  await cancel(running);
  await until(running, "cancelled");
  await until(await ask(), "completed");
  const { data } = (await (await server.ask("/v1/jobs")).json()) as { data: Described[] };
  expect(data).toHaveLength(3);
  const { error } = await (await server.ask("/v1/jobs/none")).json();
  expect(error).toMatchObject({ code: "job_not_found", param: "id" });
});

it("counts what it did for Prometheus", async () => {
  const text = await (await server.ask("/metrics")).text();
  const value = (name: string): number =>
    Number(new RegExp(`^${name.replaceAll(/[{}"]/g, "\\$&")} (.*)$`, "m").exec(text)?.[1]);
  expect(value('skipstep_jobs_total{model="emoji",state="completed"}')).toBe(4);
  expect(value('skipstep_jobs_total{model="emoji",state="cancelled"}')).toBe(3);
  expect(value('skipstep_images_total{model="emoji"}')).toBe(4);
  expect(value('skipstep_pixels_total{model="emoji"}')).toBe(4 * 128 * 128);
  expect(value("skipstep_e2e_latency_seconds_count")).toBe(4);
  expect(value("skipstep_jobs_waiting")).toBe(0);
});
