import { SkipstepError } from "@skipstep/core";

/** Others than this machine could draw with it, and it has no keys. */
export function serverUnguarded(host: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SERVER_UNGUARDED",
    `A server at "${host}" can be reached by other machines, and has no keys. Give it keys, or bind it to 127.0.0.1.`,
  );
}

export function serverOption(name: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_SERVER_OPTION", `The server's "${name}" ${problem}.`);
}

/** The address cannot be listened at. */
export function serverAddress(host: string, port: number, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SERVER_ADDRESS",
    `Nothing can listen at ${host}:${port}: ${textOf(cause)}. Choose another port or host.`,
    { cause },
  );
}

const noRoom = new Set(["ENOSPC", "EDQUOT", "SQLITE_FULL"]);

/** A folder or a bucket of jobs took or gave no bytes. */
export function storeFailed(place: string, cause: unknown): SkipstepError {
  const { code = "" } = cause as { code?: string };
  if (noRoom.has(code))
    return new SkipstepError(
      "SKIPSTEP_STORE_FULL",
      `There is no room in ${place} for jobs and their images. Free some, or keep fewer of those that are over.`,
      { cause },
    );
  return new SkipstepError(
    "SKIPSTEP_STORE_FAILED",
    `${place}, where jobs and their images lie, cannot be read or written: ${textOf(cause)}.`,
    { cause },
  );
}

/** Somebody else removed it, or the store is another one than the job's. */
export function storeMissing(key: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_STORE_MISSING",
    `"${key}" is not where images lie: it was removed, or the job's server or worker has another place for them.`,
    { cause },
  );
}

/** Two servers with the same queue in a folder. */
export function queueTaken(folder: string, holder: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_QUEUE_TAKEN",
    `The queue in ${folder} is that of ${holder}. Stop it, name another folder, or use a queue that servers share.`,
  );
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Packages that only some queues need are installed by those who have such a queue. */
export function queuePackage(name: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_QUEUE_PACKAGE",
    `This queue needs the package ${name}, which cannot be loaded: npm install ${name}.`,
    { cause },
  );
}

export function queueUnreachable(place: string, cause: unknown): SkipstepError {
  return new SkipstepError("SKIPSTEP_QUEUE_UNREACHABLE", `The queue at ${place} cannot be reached: ${textOf(cause)}.`, {
    cause,
  });
}
