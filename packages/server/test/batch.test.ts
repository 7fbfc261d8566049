import sharp from "sharp";
import { expect, it } from "vitest";
import { startServer, startWorker } from "../src";
import { eventsOf, served } from "./served";

const server = served({ batch: 3 });

interface Described {
  readonly id: string;
  readonly status: string;
  readonly progress: { readonly phase: string } | null;
  readonly images: { url: string; seed: number }[];
  readonly reports: { seed: number; together?: number; notes: string[] }[];
  readonly error: { code: string } | null;
}

const ask = async (fields: object = {}): Promise<Described> =>
  (await server.ask("/v1/jobs", { prompt: "red heart", ...fields })).json();
const look = async ({ id }: Described): Promise<Described> => (await server.ask(`/v1/jobs/${id}`)).json();
const cancel = (job: Described): Promise<Response> => server.ask(`/v1/jobs/${job.id}`, undefined, { method: "DELETE" });
const until = (job: Described, status: string) =>
  expect.poll(async () => (await look(job)).status, { timeout: 30_000 }).toBe(status);
/** A job that the others wait for. */
const before = async (): Promise<Described> => {
  const job = await ask({ num_inference_steps: 30 });
  await until(job, "running");
  return job;
};

it("draws requests that wait in one batch, each as `generate` draws it", async () => {
  await before();
  const asked = [
    { prompt: "red heart", seed: 3, previews: 1 },
    { prompt: "rocket", seed: 4 },
    { prompt: "slightly smiling cat face", negative_prompt: "dog", seed: 5, output_format: "png" },
    { prompt: "red heart", seed: 6 },
  ];
  const jobs = await Promise.all(asked.map(ask));
  for (const job of jobs) await until(job, "completed");
  const done = await Promise.all(jobs.map(look));
  expect(done.map(({ reports: [report] }) => [report!.seed, report!.together])).toEqual([
    [3, 2],
    [4, 2],
    [5, undefined], // without a negative prompt is something else than with one
    [6, undefined],
  ]);
  for (const [i, { images }] of done.entries()) {
    const bytes = Buffer.from(await (await fetch(`${server.url}${images[0]!.url}`)).arrayBuffer());
    const { previews: _, output_format: __, ...request } = asked[i]!;
    const wanted = await server.generate(request);
    expect(bytes.equals(await wanted.images[0]!.toPng())).toBe(true);
  }
  const told = await eventsOf(await server.ask(`/v1/jobs/${jobs[0]!.id}/events`));
  expect(told.map(({ event }) => event)).toEqual(expect.arrayContaining(["running", "preview", "completed"]));
  const other = await eventsOf(await server.ask(`/v1/jobs/${jobs[1]!.id}/events`));
  expect(other.map(({ event }) => event)).not.toContain("preview");
  const metrics = await (await server.ask("/metrics")).text();
  expect(metrics).toMatch(/^skipstep_batch_requests_bucket\{le="1"\} 3$/m);
  expect(metrics).toMatch(/^skipstep_batch_requests_bucket\{le="2"\} 5$/m);
});

it("cancels one of a batch, and draws the others", async () => {
  await before();
  const jobs = await Promise.all([7, 8, 9].map((seed) => ask({ seed, num_inference_steps: 50 })));
  const phase = async (job: Described): Promise<unknown> => (await look(job)).progress?.phase;
  for (const job of jobs) await expect.poll(() => phase(job), { timeout: 30_000 }).toBe("denoise");
  const start = performance.now();
  await cancel(jobs[1]!);
  await until(jobs[1]!, "cancelled");
  expect(performance.now() - start).toBeLessThan(2000);
  for (const job of [jobs[0]!, jobs[2]!]) await until(job, "completed");
  const done = await Promise.all(jobs.map(look));
  expect(done.map(({ images, reports: [report] }) => [images.length, report?.together])).toEqual([
    [1, 3],
    [0, undefined],
    [1, 3],
  ]);
});

it("draws the seeds of one request in batches, and tells their progress as one", async () => {
  const settings = { prompt: "red heart", cfg_scale: 2, steps: 4, width: 128, height: 128 };
  const { images } = await (
    await server.ask("/sdapi/v1/txt2img", { ...settings, seed: 11, batch_size: 2, n_iter: 2 })
  ).json();
  const pixels = await Promise.all(
    (images as string[]).map((image) => sharp(Buffer.from(image, "base64")).raw().toBuffer()),
  );
  const request = { prompt: "red heart", negative_prompt: "", guidance_scale: 2, num_inference_steps: 4 };
  for (const [i, seed] of [11, 12, 13, 14].entries()) {
    const { images: wanted } = await server.generate({ ...request, seed });
    expect(pixels[i]!.equals(Buffer.from(wanted[0]!.data))).toBe(true);
  }
  const { data } = (await (await server.ask("/v1/jobs")).json()) as { data: Described[] };
  const { reports, id } = data.find((job) => job.reports.length === 4)!;
  expect(reports.map(({ seed, together }) => [seed, together])).toEqual([
    [11, 3],
    [12, 3],
    [13, 3],
    [14, undefined],
  ]);
  const told = await eventsOf(await server.ask(`/v1/jobs/${id}/events`));
  expect(told.find(({ event }) => event === "progress")!.data).toMatchObject({ step: 16, of: 16 });
});

it("is of a queue in this process", async () => {
  const models = [{ id: "emoji", config: server.config }];
  const queue = { url: "redis://127.0.0.1:1", blobs: server.folder };
  await expect(startServer({ models, port: 0, batch: 2, queue })).rejects.toMatchObject({
    code: "SKIPSTEP_SERVER_OPTION",
  });
  for (const batch of [0, 1.5]) {
    await expect(startServer({ models, port: 0, batch })).rejects.toThrow('"batch" must be a whole number above 0');
    await expect(startWorker({ models, batch, queue })).rejects.toThrow('"batch" must be a whole number above 0');
  }
});
