import { setTimeout as sleep } from "node:timers/promises";
import type { SkipstepError } from "../errors/error";
import {
  hubDenied,
  hubFailed,
  hubRepositoryMissing,
  hubRevisionMissing,
  hubTokenWithheld,
  hubUnreachable,
} from "../errors/hub";
import { cancelled } from "../errors/runtime";
import { coreVersion } from "../version";
import type { HubName } from "./hub-name";
import type { HubSettings } from "./hub-settings";

export interface HubAccess {
  readonly name: HubName;
  readonly settings: HubSettings;
  readonly signal: AbortSignal | undefined;
}

/** Answers that mean "not now": as often as here, after so many milliseconds. */
const patience = [500, 1000, 2000];

/**
 * `fetch` for one repository: with the user's token, where it goes to the hub itself, and with errors of our own.
 * @throws SKIPSTEP_HUB_NOT_FOUND, SKIPSTEP_HUB_REVISION, SKIPSTEP_HUB_DENIED, SKIPSTEP_HUB_UNREACHABLE,
 *   SKIPSTEP_HUB_FAILED, SKIPSTEP_CANCELLED
 */
export function hubFetch(access: HubAccess): (url: string | URL | Request, init?: RequestInit) => Promise<Response> {
  const { settings, signal } = access;
  return async (request, init) => {
    const url = request instanceof Request ? request.url : String(request);
    const headers = new Headers(init?.headers);
    headers.set("user-agent", `skipstep/${coreVersion}; node/${process.versions.node}`);
    const isHub = originOf(url) === originOf(settings.endpoint);
    // fetch drops it where the hub sends on to another host.
    if (settings.token !== undefined && isHub) headers.set("authorization", `Bearer ${settings.token}`);
    for (const delay of [...patience, undefined]) {
      const response = await answer(url, { ...init, headers }, signal);
      if (response.ok) return response;
      await response.body?.cancel();
      if (delay === undefined || !isBusy(response)) throw refusal(response, url, access);
      await sleep(delay, undefined, { signal }).catch(() => Promise.reject(cancelled(signal?.reason)));
    }
    throw hubFailed(url, "nothing"); // never: the last try returns or throws
  };
}

/** Scheme, host and port. @throws SKIPSTEP_HUB_UNREACHABLE for what is no address */
export function originOf(address: string): string {
  try {
    return new URL(address).origin;
  } catch (error) {
    throw hubUnreachable(address, error); // such as HF_ENDPOINT without https://
  }
}

async function answer(url: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: signal ?? null });
  } catch (error) {
    throw connectionError(url, error, signal);
  }
}

/** What a request fails with while it is made or read. */
export function connectionError(url: string, error: unknown, signal: AbortSignal | undefined): SkipstepError {
  return signal?.aborted ? cancelled(signal.reason) : hubUnreachable(url, error);
}

function isBusy({ status }: Response): boolean {
  return status === 429 || status >= 500;
}

/** The hub's own word for what is wrong is in `X-Error-Code`. */
function refusal({ status, headers }: Response, url: string, { name, settings }: HubAccess): SkipstepError {
  const { repository, revision } = name;
  const code = headers.get("x-error-code");
  if (settings.anonymous && (status === 401 || status === 403)) return hubTokenWithheld(repository);
  if (code === "GatedRepo") return hubDenied(repository, settings.endpoint, "gated");
  if (code === "RevisionNotFound") return hubRevisionMissing(repository, revision);
  // Who may not see a repository is told that there is none; without a token, even by 401.
  if (code === "RepoNotFound" || (status === 401 && settings.token === undefined) || (status === 404 && code === null))
    return hubRepositoryMissing(repository, settings.endpoint, settings.token !== undefined);
  if (status === 401 || status === 403) return hubDenied(repository, settings.endpoint, "token");
  return hubFailed(url, `${status}${code === null ? "" : ` ${code}`}`);
}
