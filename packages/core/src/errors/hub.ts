import { messageOf, SkipstepError } from "./error";
import { megabytes } from "./gigabytes";
import { didYouMean, some } from "./nearest";

/** Text after `hf:` that names no repository. */
export function hubNameInvalid(text: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_HUB_NAME",
    `"${text}" names nothing on the hub. It must look like hf:owner/name, hf:owner/name@revision or hf:owner/name@revision/folder.`,
  );
}

/** No such repository, or none that one may see. */
export function hubRepositoryMissing(repository: string, endpoint: string, hasToken: boolean): SkipstepError {
  const advice = hasToken ? "whose token is in HF_TOKEN cannot see it" : "is private, which needs a token in HF_TOKEN";
  return new SkipstepError(
    "SKIPSTEP_HUB_NOT_FOUND",
    `${endpoint} has no model "${repository}", or ${hasToken ? "the user " : "it "}${advice}. Check the name.`,
  );
}

/** No such branch, tag or commit. */
export function hubRevisionMissing(repository: string, revision: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_HUB_REVISION",
    `"${repository}" has no revision "${revision}" on the hub. Give a branch, a tag or a commit that it has, or leave it out for "main".`,
  );
}

/** A repository lacks a file. */
export function hubFileMissing(name: string, file: string, present: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_HUB_FILE",
    `${name} has no ${file}.${didYouMean(file, present)} It has: ${some(present)}. Give a repository of a diffusers pipeline, or the path of what it has.`,
  );
}

/** A config or a tokenizer of a size that none has. */
export function hubFileTooLarge(name: string, file: string, size: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_HUB_FILE",
    `${name} has a ${file} of ${size} bytes, which is no such file. Use another repository.`,
  );
}

/** The hub refuses: terms that were not accepted, or a token that is not good for it. */
export function hubDenied(repository: string, endpoint: string, reason: "gated" | "token"): SkipstepError {
  const problem =
    reason === "gated"
      ? `is gated: accept its terms at ${endpoint}/${repository}, and set HF_TOKEN to a token of that account`
      : `cannot be read with this token: set HF_TOKEN to one that may, from ${endpoint}/settings/tokens`;
  return new SkipstepError("SKIPSTEP_HUB_DENIED", `"${repository}" ${problem}.`);
}

/** The hub refuses what is asked for without the user's token, because only a recipe named it. */
export function hubTokenWithheld(repository: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_HUB_DENIED",
    `"${repository}" is gated, private, or not there, and your token is not sent for what only a recipe names. Name it in a config of yours, and give that beside the recipe.`,
  );
}

/** No network, or nobody answers. */
export function hubUnreachable(url: string, cause: unknown): SkipstepError {
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const text = messageOf(reason) || String((reason as NodeJS.ErrnoException).code);
  return new SkipstepError(
    "SKIPSTEP_HUB_UNREACHABLE",
    `${url.split("?")[0]} cannot be reached: ${text.replace(/\.$/, "")}. Check the network; what is downloaded already is kept, and HF_HUB_OFFLINE=1 uses that alone.`,
    { cause },
  );
}

/** The hub answers with something that is no answer. */
export function hubFailed(url: string, problem: string, cause?: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_HUB_FAILED",
    `${url.split("?")[0]} answers ${problem}. Try again later. Where the network asks for a login first, open a web page.`,
    { cause },
  );
}

/** Something must be downloaded, and `HF_HUB_OFFLINE` is set. */
export function hubOffline(what: string, cacheFolder: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_HUB_OFFLINE",
    `${what} is not in ${cacheFolder}, and HF_HUB_OFFLINE keeps it from being downloaded. Unset it, or download it first.`,
  );
}

/** A downloaded file is not what the hub says it is. */
export function hubChecksum(file: string, expected: string, found: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_HUB_CHECKSUM",
    `${file} arrived damaged: its hash must be ${expected}, found ${found}. Run again; if it stays, a proxy or mirror changes the file.`,
  );
}

/** There is no room for a file. @param needed bytes @param free bytes, where they are known */
export function hubDiskFull(file: string, folder: string, needed: number, free?: number): SkipstepError {
  const room = free === undefined ? "there is no room" : `there are ${megabytes(free)}`;
  return new SkipstepError(
    "SKIPSTEP_HUB_DISK_FULL",
    `${file} needs ${megabytes(needed)} in ${folder}, and ${room}. Free some, or set HF_HUB_CACHE to another folder.`,
  );
}

/** The system refuses to write into the cache. */
export function hubUnwritable(folder: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_HUB_UNWRITABLE",
    `The Hugging Face cache ${folder} cannot be written: ${messageOf(cause)}. Check the folder, or set HF_HUB_CACHE to another one.`,
    { cause },
  );
}
