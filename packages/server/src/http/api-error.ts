import { SkipstepError } from "@skipstep/core";
import { withoutFolders } from "./without-paths";

/** What a client is told: a status, a code that stays the same, and the field that it is about. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    /** snake_case, as OpenAI's are; or one of docs/errors.md. */
    readonly code: string,
    message: string,
    /** The field of the request that is wrong. */
    readonly param: string | null = null,
  ) {
    super(message);
  }
}

/** A field that nobody knows. */
export function unknownField(name: string): ApiError {
  return new ApiError(400, "unknown_parameter", `Unknown parameter: "${name}".`, name);
}

/** A field whose value cannot be honoured here: it is never ignored. */
export function unsupportedField(name: string, value: unknown, what: string): ApiError {
  return new ApiError(400, "unsupported_value", `"${name}" ${what}, found ${JSON.stringify(value)}.`, name);
}

export function invalidField(name: string, value: unknown, what: string): ApiError {
  return new ApiError(400, "invalid_value", `"${name}" must be ${what}, found ${JSON.stringify(value)}.`, name);
}

/** By the begin of an error's code, after `SKIPSTEP_`. What is not here is the server's own fault. */
const statuses: Readonly<Record<string, number>> = {
  REQUEST: 400,
  IMAGE: 400,
  MASK: 400,
  SCHEDULER: 400,
  SCHEDULE: 400,
  LORA: 400,
  RECIPE: 400,
  PLUGIN_OPTION: 400,
  // Configs were checked at the start: what is wrong with plugins is wrong with those of the request.
  PLUGIN_CONFLICT: 400,
  PLUGIN_REQUIRES: 400,
  PLUGIN_SETTINGS: 400,
  CONFIG_INVALID: 400,
  CANCELLED: 409,
  CACHE_FULL: 507,
  STORE_FULL: 507,
  QUEUE_UNREACHABLE: 503,
};

/**
 * What becomes of anything that was thrown. Faults of the server are told by their code alone: their messages name
 * files, which are nobody's business, and stand in the log.
 */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (isHttpError(error)) return new ApiError(error.statusCode, codeOf(error.code), error.message);
  if (!(error instanceof SkipstepError))
    return new ApiError(500, "internal_error", "The server failed; its log says why.");
  const known = Object.keys(statuses).find((begin) => error.code.startsWith(`SKIPSTEP_${begin}`));
  const status = known === undefined ? 500 : statuses[known]!;
  if (status >= 500) return new ApiError(status, error.code, `The server failed (${error.code}); its log says why.`);
  return new ApiError(status, error.code, withoutFolders(error.message), error.settings?.[0] ?? null);
}

/** The same about a field as an API calls it, where that is not our name for it. */
export function renamed(error: unknown, names: Readonly<Record<string, string>>): unknown {
  const { status, code, message, param } = apiErrorOf(error);
  const name = param === null ? undefined : names[param];
  return name === undefined ? error : new ApiError(status, code, message.replace(`"${param}"`, `"${name}"`), name);
}

/** Fastify's own: bodies that are too large or no JSON, types of content that nobody reads. */
function isHttpError(error: unknown): error is Error & { readonly statusCode: number; readonly code?: string } {
  const status = error instanceof Error ? (error as { statusCode?: unknown }).statusCode : undefined;
  return typeof status === "number" && status >= 400 && status < 500;
}

function codeOf(code = "invalid_request"): string {
  return code.replace(/^FST_(ERR_)?/, "").toLowerCase();
}
