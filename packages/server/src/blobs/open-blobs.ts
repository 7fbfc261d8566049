import { resolve } from "node:path";
import type { BlobStore } from "./blob-store";
import { FolderBlobs } from "./folder-blobs";

/** A store that servers and workers share: a folder, or `s3://bucket/prefix`. */
export async function openBlobs(place: string): Promise<BlobStore> {
  if (!place.startsWith("s3://")) return new FolderBlobs(resolve(place));
  const { openS3 } = await import("./s3-blobs");
  return openS3(place);
}
