import { join } from "node:path";
import type { HubName } from "./hub-name";

/** Paths of one repository in the cache, https://huggingface.co/docs/huggingface_hub/guides/manage-cache. */
export interface RepositoryFolder {
  /** Content by its hash: `sha256` of large files, git's `sha1` of others. */
  blob(hash: string): string;
  /** Holds the commit that a branch or tag stood for when it was last asked for. */
  ref(revision: string): string;
  /** Files by their names, as links to blobs. */
  snapshot(commit: string): string;
  /** Empty files stand for those that a commit does not have. */
  absent(commit: string): string;
  /** Taken by the process that downloads a blob. huggingface_hub's own lock is another one. */
  lock(hash: string): string;
}

export function repositoryFolder(cacheFolder: string, { repository }: HubName): RepositoryFolder {
  const name = ["models", ...repository.split("/")].join("--");
  const folder = join(cacheFolder, name);
  return {
    blob: (hash) => join(folder, "blobs", hash),
    ref: (revision) => join(folder, "refs", ...revision.split("/")),
    snapshot: (commit) => join(folder, "snapshots", commit),
    absent: (commit) => join(folder, ".no_exist", commit),
    lock: (hash) => join(cacheFolder, ".locks", name, `${hash}.skipstep.lock`),
  };
}
