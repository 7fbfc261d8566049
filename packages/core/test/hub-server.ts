import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll } from "vitest";

/** A request that arrived: `GET /owner/name/resolve/...`, its range and its token. */
export interface Arrival {
  readonly line: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  readonly host: "hub" | "cdn";
}

/** What the server does otherwise than it should; set while a test runs. */
export interface Faults {
  /** Ends the connection after so many bytes of a file's body, so many times. */
  breakAfter?: { bytes: number; times: number } | undefined;
  /** Sends other bytes of this file, so many times. */
  damage?: { file: string; times: number } | undefined;
  /** Sends all of a file though a part was asked for. */
  ignoreRanges?: boolean | undefined;
  /** Lists no files, page after page. */
  endless?: boolean | undefined;
  /** Sends this in place of what a branch stands for. */
  revision?: string | undefined;
  /** Sends this in place of a listing. */
  listing?: string | undefined;
  /** Answers 503 so many times. */
  busy?: number | undefined;
  /** Sends a quarter of a megabyte every so many milliseconds. */
  slow?: number | undefined;
}

export interface HubServer {
  readonly endpoint: string;
  /** The host that large files lie on. */
  readonly cdn: string;
  readonly arrivals: Arrival[];
  readonly faults: Faults;
  readonly commit: string;
  /** Takes effect at once: `unet/config.json` to its content. */
  readonly files: Map<string, Buffer>;
  /** Sizes that the listing says instead of the real ones. */
  readonly sizes: Map<string, number>;
}

/**
 * A hub with one repository, `tiny/model`, in the shapes of the API that @huggingface/hub calls; `tiny/gated` and
 * `tiny/private` refuse. Weights count as large files: they are listed with a sha256, and lie on another host.
 */
export async function startHub(): Promise<HubServer> {
  const files = new Map<string, Buffer>();
  const sizes = new Map<string, number>();
  const arrivals: Arrival[] = [];
  const faults: Faults = {};
  const commit = "0123456789abcdef0123456789abcdef01234567";

  const note = (host: Arrival["host"], request: IncomingMessage): void => {
    const { range, authorization } = request.headers;
    arrivals.push({ line: `${request.method} ${decodeURIComponent(request.url!)}`, range, authorization, host });
  };
  const cdn = await listen((request, response) => {
    note("cdn", request);
    sendFile(request, response, decodeURIComponent(request.url!.slice(1)), files, faults);
  });
  const endpoint = await listen((request, response) => {
    note("hub", request);
    if ((faults.busy ?? 0) > 0) {
      faults.busy!--;
      return fail(response, 503);
    }
    const url = new URL(decodeURIComponent(request.url!), "http://hub");
    const [, name, rest = ""] = /^\/(?:api\/models\/)?([^/]+\/[^/]+)\/(.*)$/.exec(url.pathname) ?? [];
    if (name === "tiny/gated" && rest.startsWith("resolve/")) return fail(response, 403, "GatedRepo");
    if (name === "tiny/private" && request.headers.authorization !== "Bearer hf_good")
      return fail(response, 401, request.headers.authorization ? undefined : "RepoNotFound");
    if (!["tiny/model", "tiny/gated", "tiny/private"].includes(name ?? "")) return fail(response, 404, "RepoNotFound");
    const [kind, revision] = rest.split("/");
    if (![commit, "main", "v1"].includes(revision ?? "")) return fail(response, 404, "RevisionNotFound");
    if (kind === "revision" && faults.revision !== undefined) return void response.end(faults.revision);
    if (kind === "revision") return sendJson(response, { _id: "1", id: name, sha: commit, lastModified: "2025-01-01" });
    if (kind === "tree") return sendListing(response, endpoint, url, name!);
    const path = rest.split("/").slice(2).join("/");
    const file = files.get(path);
    if (!file) return fail(response, 404, "EntryNotFound");
    if (!isLarge(path)) return sendFile(request, response, path, files, faults);
    response.writeHead(302, { location: `${cdn}/${encodeURIComponent(path)}`, "x-linked-etag": sha256(file) }).end();
  });

  /** Two entries a page, as the hub gives a thousand. */
  function sendListing(response: ServerResponse, address: string, url: URL, name: string): void {
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const page = [...files].slice(from, from + 2).map(([path, content]) => ({
      type: "file",
      path,
      size: sizes.get(path) ?? content.length,
      oid: isLarge(path) ? sha1("pointer") : sha1(content),
      ...(isLarge(path) ? { lfs: { oid: sha256(content), size: content.length, pointerSize: 130 } } : {}),
    }));
    const next = `<${address}/api/models/${name}/tree/${commit}?recursive=true&expand=false&cursor=${from + 2}>; rel="next"`;
    if (faults.listing !== undefined) response.end(faults.listing);
    else if (faults.endless) sendJson(response, [], { link: next });
    else sendJson(response, page, from + 2 < files.size ? { link: next } : {});
  }
  return { endpoint, cdn, arrivals, faults, commit, files, sizes };
}

const isLarge = (path: string): boolean => path.endsWith(".safetensors");
const digests = new WeakMap<Buffer, string>();

/** Made once for each content: listings tell it again and again. */
function sha256(content: Buffer): string {
  const digest = digests.get(content) ?? createHash("sha256").update(content).digest("hex");
  digests.set(content, digest);
  return digest;
}

const sha1 = (content: Buffer | string): string =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address that nobody answers at. */
export async function closedEndpoint(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

function fail(response: ServerResponse, status: number, code?: string): void {
  response.writeHead(status, code === undefined ? {} : { "x-error-code": code }).end();
}

function sendJson(response: ServerResponse, value: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  files: ReadonlyMap<string, Buffer>,
  faults: Faults,
): void {
  let content = files.get(path)!;
  if (faults.damage?.file === path && faults.damage.times-- > 0) content = Buffer.from(content.map((byte) => byte ^ 1));
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const isPart = first !== undefined && faults.ignoreRanges !== true;
  const end = isPart && last !== "" ? Number(last) + 1 : content.length;
  const body = isPart ? content.subarray(Number(first), end) : content;
  const range = isPart ? { "content-range": `bytes ${first}-${end - 1}/${content.length}` } : {};
  response.writeHead(isPart ? 206 : 200, { "content-length": body.length, ...range });
  const { breakAfter } = faults;
  if (breakAfter && breakAfter.times > 0 && body.length > breakAfter.bytes) {
    breakAfter.times--;
    response.write(body.subarray(0, breakAfter.bytes), () => setTimeout(() => response.destroy(), 20));
  } else if (faults.slow === undefined) response.end(body);
  else {
    let sent = 0;
    const timer = setInterval(() => {
      if (sent >= body.length || response.destroyed) clearInterval(timer);
      if (sent >= body.length) response.end();
      else response.write(body.subarray(sent, sent + 2 ** 18));
      sent += 2 ** 18;
    }, faults.slow);
  }
}
