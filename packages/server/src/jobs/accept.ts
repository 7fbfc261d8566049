import { randomUUID } from "node:crypto";
import {
  type GenerateConfig,
  imagesSettingOf,
  type PluginUse,
  pictureSettingNames,
  planFromPictures,
} from "@skipstep/core";
import type { BlobStore } from "../blobs/blob-store";
import { ApiError, unknownField } from "../http/api-error";
import type { Metrics } from "../http/metrics";
import type { ModelPool, ServedModel } from "../models/model-pool";
import type { RequestLimits } from "../options";
import type { JobQueue } from "../queues/job-queue";
import type { Tracing } from "../tracing/tracing";
import type { ImageRequest } from "./image-request";
import { Job } from "./job";
import type { JobBoard } from "./job-board";
import { pictureKeys, writeUploads } from "./uploaded-files";

/** What decides whether a request becomes a job. */
export interface Acceptance {
  readonly pool: ModelPool;
  readonly limits: RequestLimits;
  /** Packages of plugins that requests may use besides the config's. */
  readonly plugins: readonly string[];
  readonly board: JobBoard;
  readonly queue: JobQueue;
  readonly blobs: BlobStore;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
}

/**
 * Makes a job of a request, after everything about it was checked that can be before it is drawn.
 * @throws ApiError with the field that is wrong; what `planFromPictures` throws
 */
export async function accept(request: ImageRequest, owner: string, acceptance: Acceptance): Promise<Job> {
  const { pool, limits, board, queue, metrics, tracing } = acceptance;
  const model = pool.get(request.model);
  checkLimits(request, model, limits);
  checkLoras(request.settings, model);
  checkPlugins(request.plugins, model, acceptance.plugins);
  const { uploads, ...others } = request;
  await checkPlan(request, model);
  const id = randomUUID();
  const job = new Job(owner, { ...others, model: model.id, pictures: pictureKeys(id, uploads) }, id);
  tracing.watch(job);
  await queue.add(job, uploads);
  board.add(job);
  metrics.watch(job);
  return job;
}

/** What can be said of settings and pictures before they are drawn. */
async function checkPlan({ settings, scheduler, uploads }: ImageRequest, { checked }: ServedModel): Promise<void> {
  const uploaded = writeUploads(uploads);
  try {
    await planFromPictures(checked, { ...settings, ...uploaded.settings, scheduler });
  } finally {
    uploaded.remove();
  }
}

/** What the client asks for itself; the config's own settings are the operator's. */
function checkLimits({ settings, seeds }: ImageRequest, { checked }: ServedModel, limits: RequestLimits): void {
  const given: Readonly<Record<string, unknown>> = { ...settings };
  const most = (name: string, limit: number, found: unknown = given[name]): void => {
    if (typeof found === "number" && found > limit)
      throw new ApiError(
        400,
        "limit_exceeded",
        `"${name}" must be at most ${limit} on this server, found ${found}.`,
        name,
      );
  };
  most("width", limits.side);
  most("height", limits.side);
  most("num_inference_steps", limits.steps);
  for (const name of ["sigmas", "timesteps"]) {
    const list = given[name];
    if (Array.isArray(list)) most(name, limits.steps, list.length);
  }
  const prompts = Array.isArray(settings.prompt) ? settings.prompt.length : 1;
  const images = imagesSettingOf(checked);
  const each = given[images];
  most(images, limits.n, prompts * (typeof each === "number" ? each : 1) * (seeds?.length ?? 1));
}

/** LoRAs are names of the operator's `request_loras`; without these there are none. */
function checkLoras({ loras }: GenerateConfig, { checked }: ServedModel): void {
  if (loras && checked.config.request_loras === undefined)
    throw new ApiError(
      400,
      "unsupported_value",
      `"lora": the operator named none: the config has no "request_loras".`,
      "lora",
    );
}

/** The config's plugins, and those that the operator named. Options are texts without a path. */
function checkPlugins(
  plugins: readonly PluginUse[] | undefined,
  { checked }: ServedModel,
  named: readonly string[],
): void {
  const allowed = [...checked.config.plugins.map(({ use }) => use), ...named];
  for (const { use, options } of plugins ?? []) {
    if (typeof use !== "string" || !allowed.includes(use))
      throw new ApiError(
        400,
        "plugin_not_allowed",
        `"plugins": ${JSON.stringify(use)} is none that this server allows. It allows: ${allowed.join(", ") || "none"}.`,
        "plugins",
      );
    if (textsIn(options).some((text) => /[\\/]|^\.+$|:/.test(text)))
      throw new ApiError(
        400,
        "plugin_not_allowed",
        `"plugins": options of ${use} must not be paths or addresses.`,
        "plugins",
      );
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Of a body's fields, those that are settings of some model; a picture's path is nobody's to name. @throws ApiError */
export function settingsAmong(fields: Readonly<Record<string, unknown>>, { checked }: ServedModel): GenerateConfig {
  const known = checked.model.settingsSchema.properties as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields))
    if (!Object.hasOwn(known, name) || (pictureSettingNames as readonly string[]).includes(name))
      throw unknownField(name);
  return fields as GenerateConfig;
}
