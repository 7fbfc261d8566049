import type { BlobStore } from "../blobs/blob-store";
import { base64 } from "../http/base64";
import { withoutPaths } from "../http/without-paths";
import type { Job, JobImage } from "../jobs/job";
import type { ImagesRequest } from "./image-fields";

/** Nothing is billed by tokens here; the types of clients ask for the numbers. */
const usage = {
  input_tokens: 0,
  input_tokens_details: { text_tokens: 0, image_tokens: 0 },
  output_tokens: 0,
  total_tokens: 0,
};

/** What OpenAI's clients read, and beside it what is ours: seeds, and what plugins did. */
export async function imagesReply(
  job: Job,
  { responseFormat }: ImagesRequest,
  blobs: BlobStore,
  origin: string,
): Promise<object> {
  const data = await Promise.all(
    job.images.map(async ({ key }, i) =>
      responseFormat === "url"
        ? { url: `${origin}/v1/jobs/${job.id}/images/${i}` }
        : { b64_json: base64(await blobs.get(key)) },
    ),
  );
  return { created: createdAt(job), data, ...described(job.images[0]), usage, skipstep: ownReply(job) };
}

export function partialImage(job: Job, kind: string, preview: Uint8Array, index: number): object {
  return {
    type: `${kind}.partial_image`,
    b64_json: base64(preview),
    partial_image_index: index,
    created_at: createdAt(job),
    ...described(job.images[0] ?? { format: "png" }),
  };
}

export async function completedImage(job: Job, kind: string, blobs: BlobStore): Promise<object> {
  const [image] = job.images;
  return {
    type: `${kind}.completed`,
    b64_json: base64(await blobs.get(image!.key)),
    created_at: createdAt(job),
    ...described(image),
    usage,
    skipstep: ownReply(job),
  };
}

/** Job, seeds and reports, which name files of LoRAs. */
export function ownReply({ id, images, reports }: Job): object {
  return { job: id, seeds: images.map(({ seed }) => seed), reports: withoutPaths(reports) };
}

function described(image: Partial<JobImage> | undefined): object {
  const { width, height, format } = image ?? {};
  return {
    ...(width === undefined ? {} : { size: `${width}x${height}` }),
    output_format: format,
    quality: "auto",
    background: "opaque",
  };
}

/** Seconds. */
function createdAt({ createdAt }: Job): number {
  return Math.floor(createdAt / 1000);
}
