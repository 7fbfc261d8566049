import { messageOf, SkipstepError } from "./error";
import { megabytes } from "./gigabytes";

/** An initializer, as errors name it. */
interface Initializer {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly origin: { readonly payload: { readonly label: string } };
}

function named({ dtype, shape, origin }: Initializer): string {
  return `Weight "${origin.payload.label}", ${dtype} [${shape.join(", ")}],`;
}

/** An initializer's bytes are not as many as its type and shape take. */
export function payloadSize(value: Initializer, expected: number, found: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PAYLOAD_SIZE",
    `${named(value)} must have ${expected} bytes, found ${found}. Correct the plugin that stores it.`,
  );
}

/** A plugin threw while it packed a weight. */
export function payloadFailed(value: Initializer, cause: unknown): SkipstepError {
  return new SkipstepError("SKIPSTEP_PAYLOAD_FAILED", `${named(value)} cannot be stored: ${messageOf(cause)}`, {
    cause,
  });
}

/** There is no room for an engine. */
export function cacheFull(cacheDir: string, needed: number, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_CACHE_FULL",
    `${cacheDir} has no room for an engine of ${megabytes(needed)}. Free some, clear old engines with "skipstep engines", or set SKIPSTEP_CACHE to another folder.`,
    { cause },
  );
}

/** The system refuses to write, move or remove files of the cache. */
export function cacheUnwritable(cacheDir: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_CACHE_UNWRITABLE",
    `The engine cache ${cacheDir} cannot be written: ${messageOf(cause)}. Check the folder, or set SKIPSTEP_CACHE to another one.`,
    { cause },
  );
}

/** Engines that `verify` found damaged, and removed. @param damaged `0f3b9c5277aa transformer: weights.bin is not ...` */
export function enginesDamaged(cacheDir: string, damaged: readonly string[], count: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_CACHE_DAMAGED",
    `${damaged.length} of ${count} engines in ${cacheDir} were damaged and have been removed; they are compiled again when they are needed: ${damaged.join("; ")}.`,
  );
}

/** No engine, or more than one, has a key that begins so. */
export function engineUnknown(key: string, cacheDir: string, count: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_ENGINE_UNKNOWN",
    `${count === 0 ? "No engine's key begins" : `The keys of ${count} engines begin`} with "${key}" in ${cacheDir}. List them with "skipstep engines".`,
  );
}
