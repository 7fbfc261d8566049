import { messageOf, SkipstepError } from "../errors/error";
import { hubFailed } from "../errors/hub";
import { isObject } from "../schema/json";
import { readAnswer } from "./hub-answer";
import { connectionError, type HubAccess, hubFetch, originOf } from "./hub-fetch";

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

/** Whether a text is the name of a commit. */
export function isCommit(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{40}$/.test(text);
}

/** The commit that a branch or tag stands for, as the hub says. @throws SKIPSTEP_HUB_FAILED for what is none */
export async function commitOf(access: HubAccess): Promise<string> {
  const { modelInfo } = await import("@huggingface/hub");
  const { repository, revision } = access.name;
  return answered(access, async (fetching) => {
    const { sha } = await modelInfo({ name: repository, revision, additionalFields: ["sha"], ...fetching });
    if (!isCommit(sha)) throw hubFailed(apiOf(access), `with a commit that is no 40 hexadecimal digits`);
    return sha;
  });
}

/** All files of a commit by their paths. @throws SKIPSTEP_HUB_FAILED for what is no listing */
export async function filesOf(access: HubAccess, commit: string): Promise<ReadonlyMap<string, HubFile>> {
  const { listFiles } = await import("@huggingface/hub");
  const files = new Map<string, HubFile>();
  let listed = 0;
  await answered(access, async (fetching) => {
    const listing = listFiles({ repo: access.name.repository, revision: commit, recursive: true, ...fetching });
    for await (const entry of listing as AsyncIterable<unknown>) {
      if (++listed > mostFiles) throw hubFailed(apiOf(access), `with more than ${mostFiles} files`);
      if (!isObject(entry)) throw hubFailed(apiOf(access), "with a list of files that is none");
      if (entry.type !== "file") continue;
      const file = fileOf(entry);
      if (!file) throw hubFailed(apiOf(access), "with a file that has no path, size or hash");
      if (isSafe(file.path)) files.set(file.path, file);
    }
  });
  return files;
}

/** `undefined` for an entry that lacks what it must have. */
function fileOf({ path, size, oid, lfs }: Readonly<Record<string, unknown>>): HubFile | undefined {
  const hash = isObject(lfs) ? lfs.oid : oid;
  const isHash = typeof hash === "string" && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash);
  if (typeof path !== "string" || !isHash || !Number.isInteger(size) || (size as number) < 0) return undefined;
  return { path, size: size as number, hash };
}

/** Where a file of a commit is downloaded from. */
export function addressOf({ name, settings }: HubAccess, commit: string, path: string): string {
  const parts = [name.repository, "resolve", commit, ...path.split("/").map(encodeURIComponent)];
  return `${settings.endpoint}/${parts.join("/")}`;
}

interface Fetching {
  readonly hubUrl: string;
  readonly fetch: typeof fetch;
}

/**
 * Asks by the library, which believes what it gets: a network's login page makes a SyntaxError in it.
 * The token goes with `hubFetch`: the library takes those that begin with `hf_` only.
 */
async function answered<Result>(access: HubAccess, ask: (fetching: Fetching) => Promise<Result>): Promise<Result> {
  const { endpoint } = access.settings;
  const fetching = hubFetch(access);
  let pages = 0;
  const read = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const address = url instanceof Request ? url.url : String(url);
    if (++pages > mostPages) throw hubFailed(address, `with more than ${mostPages} pages`);
    if (originOf(address) !== originOf(endpoint)) throw hubFailed(apiOf(access), "from another host");
    const response = await fetching(url, init);
    try {
      return await readAnswer(response, address);
    } catch (error) {
      throw error instanceof SkipstepError ? error : connectionError(address, error, access.signal);
    }
  };
  try {
    return await ask({ hubUrl: endpoint, fetch: read as typeof fetch });
  } catch (error) {
    if (error instanceof SkipstepError) throw error;
    throw hubFailed(apiOf(access), `with what is no answer of a hub (${messageOf(error)})`, error);
  }
}

function apiOf({ name, settings }: HubAccess): string {
  return `${settings.endpoint}/api/models/${name.repository}`;
}

/** A repository must not write outside of its folder. */
function isSafe(path: string): boolean {
  return !path.split("/").includes("..") && !/^[/\\]|[\\\0]|^[a-z]:/i.test(path);
}
