import type { QueueOptions } from "@skipstep/server";
import { usage } from "./errors";

/** Where jobs wait, and what servers and workers both must see. */
export interface QueuePlace {
  readonly queue?: string;
  readonly blobs?: string;
}

/** `--queue` and `--blobs`; nothing where the configs say it. @throws SKIPSTEP_USAGE */
export function queueAt({ queue, blobs }: QueuePlace): { readonly queue?: QueueOptions } {
  if (queue === undefined) {
    if (blobs !== undefined) throw usage("--blobs is for --queue redis://... or postgres://....");
    return {};
  }
  const place = queue === "memory" ? {} : queue.includes("://") ? { url: queue } : { folder: queue };
  return { queue: { ...place, ...(blobs === undefined ? {} : { blobs }) } };
}
