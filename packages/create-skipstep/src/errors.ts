/** Of this command. It has no dependencies, core among them: it is there before anything is installed. */
export class CreateError extends Error {
  override readonly name = "CreateError";

  constructor(
    readonly code: `SKIPSTEP_${string}`,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The command line is wrong. */
export function createUsage(problem: string): CreateError {
  return new CreateError("SKIPSTEP_CREATE_USAGE", `${problem.replace(/\.$/, "")}. See: npm create skipstep -- --help`);
}

/** Something of that name is there already. */
export function createExists(files: readonly string[]): CreateError {
  return new CreateError(
    "SKIPSTEP_CREATE_EXISTS",
    `${files.join(", ")} ${files.length === 1 ? "is" : "are"} there already, and nothing was written. Give another folder, or move ${files.length === 1 ? "it" : "them"} away.`,
  );
}

/** The system refuses to write the project. */
export function createUnwritable(file: string, cause: unknown): CreateError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CreateError("SKIPSTEP_CREATE_UNWRITABLE", `${file} cannot be written: ${reason}.`, { cause });
}

/** A command that completes the project failed; the project is written. */
export function createUnfinished(command: string, end: string): CreateError {
  return new CreateError(
    "SKIPSTEP_CREATE_UNFINISHED",
    `The project is written, but "${command}" ended with ${end}. Run it again in that folder; docs/install.md has what may be in the way.`,
  );
}
