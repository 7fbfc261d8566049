import { type PictureSetting, pictureSettingNames } from "@skipstep/core";
import type { FastifyInstance } from "fastify";
import { ApiError, invalidField } from "../http/api-error";
import { base64, bytesOf } from "../http/base64";
import { EventStream } from "../http/event-stream";
import { ownFields } from "../http/own-fields";
import { withoutPaths } from "../http/without-paths";
import { errorBody } from "../openai/error-body";
import type { JobQueue } from "../queues/job-queue";
import { type Acceptance, accept, settingsAmong } from "./accept";
import { mediaTypes } from "./encode-image";
import type { OutputFormat, Uploads } from "./image-request";
import type { Job, JobEvent } from "./job";

type Body = Readonly<Record<string, unknown>>;

const tags = ["Jobs"];

/** Jobs: what a generation is while it waits and runs. */
export function jobRoutes(server: FastifyInstance, acceptance: Acceptance): void {
  const { board, queue, blobs } = acceptance;
  const schema = (summary: string): object => ({ tags, summary });

  server.post<{ Body: Body }>(
    "/v1/jobs",
    { schema: { tags, summary: "Asks for images", body: jobBody } },
    async (request, reply) => {
      const job = await accept(jobRequest(request.body, acceptance), request.owner, acceptance);
      return reply
        .code(202)
        .header("location", `/v1/jobs/${job.id}`)
        .send(await describe(job, queue));
    },
  );
  server.get("/v1/jobs", { schema: schema("One's own jobs, the newest first") }, async ({ owner }) => ({
    object: "list",
    data: await Promise.all(board.of(owner).map((job) => describe(job, queue))),
  }));
  server.get<{ Params: { id: string } }>("/v1/jobs/:id", { schema: schema("A job") }, async ({ params, owner }) =>
    describe(await board.get(params.id, owner), queue),
  );
  server.delete<{ Params: { id: string } }>(
    "/v1/jobs/:id",
    { schema: schema("Cancels a job") },
    async ({ params, owner }) => {
      const job = await board.get(params.id, owner);
      job.cancel();
      return describe(job, queue);
    },
  );
  server.get<{ Params: { id: string; index: string } }>(
    "/v1/jobs/:id/images/:index",
    { schema: schema("A finished image") },
    async ({ params, owner }, reply) => {
      const job = await board.get(params.id, owner);
      const image = job.images[Number(params.index)];
      if (!image) throw new ApiError(404, "image_not_found", `The job has ${job.images.length} images.`, "index");
      return reply.type(mediaTypes[image.format]).send(Buffer.from(await blobs.get(image.key)));
    },
  );
  server.get<{ Params: { id: string }; Headers: { "last-event-id"?: string } }>(
    "/v1/jobs/:id/events",
    { schema: schema("What happens to a job, as server-sent events; Last-Event-ID goes on after one") },
    async (request, reply) => {
      const job = await board.get(request.params.id, request.owner);
      const last = Number(request.headers["last-event-id"] ?? 0);
      const events = new EventStream(request, reply, () => stop());
      let told = Promise.resolve(); // one after the other, whatever each of them waits for
      const tell = (event: JobEvent): void => {
        told = told.then(async () =>
          events.send({ id: event.id, event: event.type, data: await described(event, job, queue) }),
        );
      };
      const stop = job.listen(tell);
      for (const event of job.eventsAfter(Number.isInteger(last) ? last : 0)) tell(event);
      await job.ended;
      await told.finally(() => events.end());
    },
  );
}

const jobBody = {
  type: "object",
  additionalProperties: true,
  description: "Settings of the model, as in a config's generate; pictures as base64.",
  properties: {
    model: { type: "string" },
    output_format: { type: "string", enum: ["png", "jpeg", "webp"] },
    output_compression: { type: "integer", minimum: 0, maximum: 100 },
    previews: { type: "integer", minimum: 0, maximum: 100, description: "previews on the way, evenly spaced" },
    priority: { type: "integer", description: "higher goes first" },
  },
} as const;

function jobRequest(body: Body, { pool }: Acceptance) {
  const { model: id, output_format: format = "png", output_compression: compression, previews = 0, ...others } = body;
  const model = pool.get(id as string | undefined);
  const pictures = pictureSettingNames.filter((name) => others[name] !== undefined);
  const uploads: Uploads = Object.fromEntries(
    pictures.map((name) => [name, picturesIn(name, others[name]).map((text) => bytesOf(name, text))]),
  );
  const { plugins, scheduler, priority, ...settings } = ownFields(
    Object.fromEntries(Object.entries(others).filter(([name]) => !pictures.includes(name as PictureSetting))),
  );
  return {
    model: model.id,
    settings: settingsAmong(settings, model),
    scheduler,
    plugins,
    priority,
    uploads,
    previews: previews as number,
    isAwaited: false,
    output: { format: format as OutputFormat, compression: compression as number | undefined },
  };
}

/** One, or a list of several, but for a mask. @throws ApiError for an empty list */
function picturesIn(name: PictureSetting, given: unknown): readonly unknown[] {
  if (!Array.isArray(given) || name === "mask") return [given];
  if (given.length === 0) throw invalidField(name, given, "an image in base64, or a list of them");
  return given;
}

/** A job as its owner sees it. */
async function describe(job: Job, queue: JobQueue): Promise<object> {
  const { id, state, request, createdAt, startedAt, endedAt, progress, images, reports, error } = job;
  return {
    id,
    object: "job",
    status: state,
    model: request.model,
    created_at: seconds(createdAt),
    started_at: seconds(startedAt),
    ended_at: seconds(endedAt),
    place: state === "queued" ? await queue.placeOf(job) : null,
    progress: progress ? progressOf(progress) : null,
    images: images.map(({ width, height, format, seed }, i) => ({
      url: `/v1/jobs/${id}/images/${i}`,
      width,
      height,
      format,
      seed,
    })),
    reports: withoutPaths(reports),
    error: error ? errorBody(error).error : null,
  };
}

async function described(event: JobEvent, job: Job, queue: JobQueue): Promise<object> {
  if (event.type === "progress") return progressOf(event.progress!);
  if (event.type !== "preview") return describe(job, queue);
  return { b64_json: base64(event.preview!), ...(event.progress ? progressOf(event.progress) : {}) };
}

function progressOf({ phase, step, of, seconds, secondsLeft }: NonNullable<Job["progress"]>): object {
  return { phase, step, of, seconds, seconds_left: secondsLeft };
}

function seconds(milliseconds: number | undefined): number | null {
  return milliseconds === undefined ? null : milliseconds / 1000;
}
