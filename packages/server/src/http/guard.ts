import type { FastifyInstance } from "fastify";
import type { ApiKey } from "../options";
import { ApiError } from "./api-error";
import { keyIn, nobody, ownerOf } from "./keys";

declare module "fastify" {
  interface FastifyRequest {
    /** Name of the key that asks; empty where the server has none. */
    owner: string;
  }
  interface FastifyContextConfig {
    /** Answers without a key: says nothing of jobs. */
    open?: boolean;
  }
}

/** Whom a server lets in. */
export interface Guarding {
  readonly keys: readonly ApiKey[];
  readonly cors: readonly string[];
  /** Bound to loopback: only requests that name it are for it. */
  readonly isLocal: boolean;
}

/**
 * Keys, and what keeps web pages of strangers out: a page that this user visits may send forms to his loopback, and may
 * have a name that leads there.
 */
export function guard(server: FastifyInstance, { keys, cors, isLocal }: Guarding): void {
  server.decorateRequest("owner", nobody);
  server.addHook("onRequest", async (request) => {
    const { origin, host = "" } = request.headers;
    if (isLocal && !isLoopbackName(host))
      throw new ApiError(421, "host_not_allowed", "This server is bound to loopback, and answers to no other name.");
    if (origin !== undefined && !cors.includes(origin) && hostOf(origin) !== host)
      throw new ApiError(403, "origin_not_allowed", "Web pages of this origin may not ask.");
    if (keys.length === 0 || request.routeOptions.config.open) return;
    const key = keyIn(request.headers.authorization);
    const owner = key === undefined ? undefined : ownerOf(key, keys);
    if (owner === undefined)
      throw new ApiError(401, "invalid_api_key", "A key is needed: Authorization: Bearer <key>.");
    request.owner = owner;
  });
}

export function isLoopbackAddress(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function isLoopbackName(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return isLoopbackAddress(name);
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
