import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GenerateConfig, PictureSetting } from "@skipstep/core";
import type { Uploads } from "./image-request";

/** Pictures of one request in a folder that only this user may read, and which goes with the job. */
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
