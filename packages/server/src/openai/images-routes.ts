import { imagesSettingOf } from "@skipstep/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { BlobStore } from "../blobs/blob-store";
import { ApiError, apiErrorOf, renamed } from "../http/api-error";
import { EventStream } from "../http/event-stream";
import { type Acceptance, accept } from "../jobs/accept";
import { answeredJob } from "../jobs/answered-job";
import type { Uploads } from "../jobs/image-request";
import type { Job } from "../jobs/job";
import { readForm } from "./edit-form";
import { errorBody } from "./error-body";
import { imagesRequest } from "./image-fields";
import { completedImage, imagesReply, partialImage } from "./images-reply";

type Body = Readonly<Record<string, unknown>>;

const settings = { type: "object", additionalProperties: true } as const;

/** OpenAI's Images API: generations and edits. */
export function imagesRoutes(server: FastifyInstance, acceptance: Acceptance): void {
  server.post<{ Body: Body }>(
    "/v1/images/generations",
    { schema: { tags: ["OpenAI"], summary: "Draws images", body: generationBody } },
    (request, reply) => answer(request, reply, acceptance, "image_generation", request.body, {}),
  );
  server.post(
    "/v1/images/edits",
    {
      schema: {
        tags: ["OpenAI"],
        summary: "Draws images from images, with a mask or without",
        consumes: ["multipart/form-data"],
      },
    },
    async (request, reply) => {
      const { fields, uploads } = await readForm(request, acceptance.limits.bodyBytes);
      return answer(request, reply, acceptance, "image_edit", fields, uploads);
    },
  );
}

const generationBody = {
  ...settings,
  required: ["prompt"],
  description: "Besides these, any setting of the model: skipstep schema lists them.",
  properties: {
    model: { type: "string", nullable: true },
    prompt: { type: "string" },
    n: { type: "integer", minimum: 1, nullable: true },
    size: { type: "string", nullable: true, description: '"1024x768", or "auto" for the config\'s' },
    output_format: { type: "string", enum: ["png", "jpeg", "webp"], nullable: true },
    output_compression: { type: "integer", minimum: 0, maximum: 100, nullable: true },
    response_format: { type: "string", enum: ["b64_json", "url"], nullable: true },
    stream: { type: "boolean", nullable: true },
    partial_images: { type: "integer", minimum: 0, maximum: 3, nullable: true },
    seed: { type: "integer", minimum: 0 },
    scheduler: { description: "a scheduler's class, or an object with its type and options" },
    plugins: { type: "array", description: "all plugins of this request, in place of the config's" },
    lora: { description: "names of the config's request_loras, each with its scale where it is not 1" },
    priority: { type: "integer", description: "higher goes first" },
  },
} as const;

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  acceptance: Acceptance,
  kind: "image_generation" | "image_edit",
  body: Body,
  uploads: Uploads,
): Promise<unknown> {
  const images = imagesRequest(body, uploads, acceptance.pool);
  const { pool } = acceptance;
  const job = await accept(images.request, request.owner, acceptance).catch((error: unknown) => {
    throw body.n == null ? error : renamed(error, { [imagesSettingOf(pool.get(images.request.model).checked)]: "n" });
  });
  if (images.stream) return stream(request, reply, job, kind, acceptance.blobs);
  await answeredJob(job, reply);
  if (job.state === "cancelled") throw cancelled();
  return imagesReply(job, images, acceptance.blobs, `${request.protocol}://${request.host}`);
}

function cancelled(): ApiError {
  return new ApiError(409, "cancelled", "The job was cancelled.");
}

async function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  job: Job,
  kind: string,
  blobs: BlobStore,
): Promise<void> {
  let index = 0;
  const stop = job.listen(({ type, preview }) => {
    if (type !== "preview" || !preview) return;
    events.send({ event: `${kind}.partial_image`, data: partialImage(job, kind, preview, index++) });
  });
  const events = new EventStream(request, reply, () => {
    stop();
    job.cancel();
  });
  await job.ended;
  try {
    if (job.state !== "completed") throw job.error ?? cancelled();
    events.send({ event: `${kind}.completed`, data: await completedImage(job, kind, blobs) });
  } catch (error) {
    events.send({ event: "error", data: { type: "error", ...errorBody(apiErrorOf(error)) } });
  }
  events.end();
}
