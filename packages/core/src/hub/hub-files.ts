import { SkipstepError } from "../errors/error";
import { hubFailed } from "../errors/hub";
import { readAnswer } from "./hub-answer";
import { connectionError, type HubAccess, hubFetch } from "./hub-fetch";

/** A file as the hub lists it. */
export interface HubFile {
  /** Inside the repository: `unet/config.json`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** 64 hexadecimal digits of the content's sha256 for large files, 40 of git's sha1 for others. */
  readonly hash: string;
}

/** No model that was seen has a tenth of it; a hub may give pages without an end. */
const mostFiles = 100_000;
const mostPages = 1000;

/** The commit that a branch or tag stands for, as the hub says. */
export async function commitOf(access: HubAccess): Promise<string> {
  const { modelInfo } = await import("@huggingface/hub");
  const { repository, revision } = access.name;
  const { sha } = await modelInfo({ name: repository, revision, additionalFields: ["sha"], ...parametersOf(access) });
  return sha;
}

/** All files of a commit by their paths. */
export async function filesOf(access: HubAccess, commit: string): Promise<ReadonlyMap<string, HubFile>> {
  const { listFiles } = await import("@huggingface/hub");
  const files = new Map<string, HubFile>();
  let listed = 0;
  const listing = listFiles({
    repo: access.name.repository,
    revision: commit,
    recursive: true,
    ...parametersOf(access),
  });
  for await (const { type, path, size, oid, lfs } of listing) {
    if (++listed > mostFiles) throw hubFailed(access.settings.endpoint, `with more than ${mostFiles} files`);
    if (type === "file" && isSafe(path)) files.set(path, { path, size, hash: lfs?.oid ?? oid! });
  }
  return files;
}

/** Where a file of a commit is downloaded from. */
export function addressOf({ name, settings }: HubAccess, commit: string, path: string): string {
  const parts = [name.repository, "resolve", commit, ...path.split("/").map(encodeURIComponent)];
  return `${settings.endpoint}/${parts.join("/")}`;
}

/** The token goes with `hubFetch`: the library takes those that begin with `hf_` only. */
function parametersOf(access: HubAccess): { hubUrl: string; fetch: typeof fetch } {
  const ask = hubFetch(access);
  let pages = 0;
  const read = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const address = url instanceof Request ? url.url : String(url);
    if (++pages > mostPages) throw hubFailed(address, `with more than ${mostPages} pages`);
    const response = await ask(url, init);
    try {
      return await readAnswer(response, address);
    } catch (error) {
      throw error instanceof SkipstepError ? error : connectionError(address, error, access.signal);
    }
  };
  return { hubUrl: access.settings.endpoint, fetch: read as typeof fetch };
}

/** A repository must not write outside of its folder. */
function isSafe(path: string): boolean {
  return !path.split("/").includes("..") && !/^[/\\]|\\|^[a-z]:/i.test(path);
}
