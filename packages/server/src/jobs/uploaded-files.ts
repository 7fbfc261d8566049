import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GenerateConfig, PictureSetting } from "@skipstep/core";
import type { BlobStore } from "../blobs/blob-store";
import type { QueuedRequest, Uploads } from "./image-request";

/** Keys of a job's uploads, by setting. */
export function pictureKeys(id: string, uploads: Uploads): QueuedRequest["pictures"] {
  const given = Object.entries(uploads).filter(([, files]) => files.length > 0);
  return Object.fromEntries(given.map(([name, files]) => [name, files.map((_, i) => `${id}/uploads/${name}-${i}`)]));
}

export async function keepUploads(blobs: BlobStore, { pictures }: QueuedRequest, uploads: Uploads): Promise<void> {
  for (const [name, keys] of Object.entries(pictures))
    for (const [i, key] of keys.entries()) await blobs.put(key, uploads[name as PictureSetting]![i]!);
}

export async function keptUploads(blobs: BlobStore, { pictures }: QueuedRequest): Promise<Uploads> {
  const read = Object.entries(pictures).map(
    async ([name, keys]) => [name, await Promise.all(keys.map((key) => blobs.get(key)))] as const,
  );
  return Object.fromEntries(await Promise.all(read));
}

/** Pictures of one request in a folder that only this user may read, and for as long as somebody reads them. */
export interface UploadedFiles {
  /** Paths by setting: one, or a list of several. */
  readonly settings: GenerateConfig;
  remove(): void;
}

/** Names are ours: what a client calls its files says nothing here. */
export function writeUploads(uploads: Uploads): UploadedFiles {
  const entries = Object.entries(uploads).filter(([, files]) => files.length > 0) as [PictureSetting, Uint8Array[]][];
  if (entries.length === 0) return { settings: {}, remove: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), "skipstep-upload-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const settings = entries.map(([name, files]) => {
      const paths = files.map((bytes, i) => {
        const path = join(folder, files.length === 1 ? name : `${name}-${i + 1}`);
        writeFileSync(path, bytes, { mode: 0o600, flag: "wx" });
        return path;
      });
      return [name, paths.length === 1 ? paths[0]! : paths] as const;
    });
    return { settings: Object.fromEntries(settings), remove };
  } catch (error) {
    remove();
    throw error;
  }
}
