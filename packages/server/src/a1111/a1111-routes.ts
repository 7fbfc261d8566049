import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ApiError, renamed, unsupportedField } from "../http/api-error";
import { base64 } from "../http/base64";
import { withoutPaths } from "../http/without-paths";
import { type Acceptance, accept } from "../jobs/accept";
import { answeredJob } from "../jobs/answered-job";
import type { Job } from "../jobs/job";
import { a1111Names, drawingBody } from "./body-schema";
import { type A1111Drawing, a1111Drawing } from "./drawing-fields";
import { infotext } from "./infotext";
import { ownSampler, samplersOf, spacingNames } from "./samplers";

type Body = Readonly<Record<string, unknown>>;

const drawing = { tags: ["A1111"], body: drawingBody };
const options = {
  tags: ["A1111"],
  body: { type: "object", additionalProperties: true, properties: { sd_model_checkpoint: { type: "string" } } },
};

/** Lists that clients ask for at their start, of what there is none here. */
const nothing = [
  "upscalers",
  "latent-upscale-modes",
  "sd-vae",
  "hypernetworks",
  "face-restorers",
  "realesrgan-models",
  "prompt-styles",
];

/** The API of AUTOMATIC1111's web UI, as its clients use it. */
export function a1111Routes(server: FastifyInstance, acceptance: Acceptance): void {
  const { pool, board, blobs } = acceptance;
  let usual = pool.get(undefined).id;
  /** Of a key: what it asked for last. */
  const current = new Map<string, Job>();
  const lists = { schema: { tags: ["A1111"] } };

  const asked = async ({ body, owner }: FastifyRequest<{ Body: Body }>) => {
    try {
      const drawing = await a1111Drawing(body, pool, usual);
      return { drawing, job: await accept(drawing.request, owner, acceptance) };
    } catch (error) {
      throw renamed(error, a1111Names);
    }
  };
  const draw = async (request: FastifyRequest<{ Body: Body }>, reply: FastifyReply): Promise<object> => {
    const { job, drawing } = await asked(request);
    current.set(request.owner, job);
    await answeredJob(job, reply);
    const images = await Promise.all(job.images.map(({ key }) => blobs.get(key)));
    return drawn(job, images, drawing, request.body);
  };
  server.post<{ Body: Body }>("/sdapi/v1/txt2img", { schema: drawing }, (request, reply) => {
    if (request.body.init_images != null) throw unsupportedField("init_images", "...", "is for img2img");
    return draw(request, reply);
  });
  server.post<{ Body: Body }>("/sdapi/v1/img2img", { schema: drawing }, (request, reply) => {
    if (request.body.init_images == null)
      throw new ApiError(400, "missing_parameter", '"init_images" is missing.', "init_images");
    return draw(request, reply);
  });
  server.get<{ Querystring: { skip_current_image?: string } }>("/sdapi/v1/progress", lists, ({ owner, query }) => {
    return progressOf(board.runningOf(owner), query.skip_current_image !== "true");
  });
  server.post("/sdapi/v1/interrupt", { schema: { tags: ["A1111"] } }, ({ owner }) => {
    (board.runningOf(owner) ?? current.get(owner))?.cancel();
    return {};
  });
  server.get("/sdapi/v1/samplers", lists, () =>
    [ownSampler, ...samplersOf(pool.get(usual)).map(({ name }) => name)].map((name) => ({
      name,
      aliases: [],
      options: {},
    })),
  );
  server.get("/sdapi/v1/schedulers", lists, () =>
    spacingNames.map((name) => ({
      name,
      label: name[0]!.toUpperCase() + name.slice(1),
      aliases: null,
      default_rho: -1,
      need_inner_model: false,
    })),
  );
  server.get("/sdapi/v1/sd-models", lists, () =>
    pool.models.map(({ id }) => ({ title: id, model_name: id, hash: null, sha256: null, filename: id, config: null })),
  );
  server.get("/sdapi/v1/loras", lists, () =>
    Object.keys(pool.get(usual).checked.config.request_loras ?? {}).map((name) => ({
      name,
      alias: name,
      path: name,
      metadata: {},
    })),
  );
  for (const name of nothing) server.get(`/sdapi/v1/${name}`, lists, () => []);
  server.get("/sdapi/v1/cmd-flags", lists, () => ({}));
  server.get("/sdapi/v1/embeddings", lists, () => ({ loaded: {}, skipped: {} }));
  server.get("/sdapi/v1/options", lists, () => ({ sd_model_checkpoint: usual, samples_format: "png" }));
  server.post<{ Body: Body }>("/sdapi/v1/options", { schema: options }, ({ body }) => {
    const { sd_model_checkpoint: id, ...others } = body;
    const [name] = Object.keys(others);
    if (name !== undefined) throw unsupportedField(name, others[name], "is not an option here");
    usual = pool.get(id as string | undefined).id;
    return {};
  });
}

function drawn(job: Job, images: readonly Uint8Array[], { infoOf }: A1111Drawing, parameters: Body): object {
  const infos = job.images.map(({ seed }) => infoOf(seed));
  const [first = infoOf(job.request.seeds![0]!)] = infos;
  const info = {
    prompt: first.prompt,
    all_prompts: infos.map(({ prompt }) => prompt),
    negative_prompt: first.negativePrompt,
    all_negative_prompts: infos.map(({ negativePrompt }) => negativePrompt),
    seed: first.seed,
    all_seeds: infos.map(({ seed }) => seed),
    subseed: -1,
    all_subseeds: infos.map(() => -1),
    subseed_strength: 0,
    width: first.width,
    height: first.height,
    sampler_name: first.sampler,
    cfg_scale: first.cfgScale,
    steps: first.steps,
    batch_size: job.images.length,
    sd_model_name: first.model,
    denoising_strength: first.strength ?? null,
    index_of_first_image: 0,
    infotexts: infos.map(infotext),
    interrupted: job.state === "cancelled",
    skipstep: { job: job.id, reports: withoutPaths(job.reports) },
  };
  const { init_images: _images, mask: _mask, ...plain } = parameters;
  return { images: images.map(base64), parameters: plain, info: JSON.stringify(info) };
}

function progressOf(job: Job | undefined, withImage: boolean): object {
  const { progress, preview } = job ?? {};
  if (job && withImage) job.isWatched = true;
  const { step = 0, of = 0, secondsLeft = 0 } = progress ?? {};
  return {
    progress: of === 0 ? 0 : step / of,
    eta_relative: secondsLeft ?? 0,
    state: {
      skipped: false,
      interrupted: job?.signal.aborted ?? false,
      job: job?.id ?? "",
      job_count: job ? 1 : 0,
      job_no: 0,
      job_timestamp: job ? new Date(job.createdAt).toISOString() : "0",
      sampling_step: step,
      sampling_steps: of,
    },
    current_image: withImage && preview ? base64(preview) : null,
    textinfo: null,
  };
}
