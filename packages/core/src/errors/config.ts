import { messageOf, SkipstepError } from "./error";
import { printable } from "./printable";

/** One mistake in a config. */
export interface ConfigProblem {
  readonly code: `SKIPSTEP_${string}`;
  /** JSON pointer into the config as merged: `/plugins/0/options/threshold`. */
  readonly pointer: string;
  /** The whole sentence, file and pointer included. */
  readonly message: string;
  /** The file, as the message names it, and where the value stands in it, 1-based. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly cause?: unknown;
}

/** Everything that is wrong with a config, at once. */
export class ConfigError extends SkipstepError {
  readonly problems: readonly ConfigProblem[];

  constructor(code: `SKIPSTEP_${string}`, message: string, problems: readonly ConfigProblem[]) {
    super(code, message, { cause: problems.find(({ cause }) => cause !== undefined)?.cause });
    this.problems = problems.map((problem) => ({
      ...problem,
      message: printable(problem.message),
      ...(problem.file === undefined ? {} : { file: printable(problem.file) }),
    }));
  }
}

/**
 * A config with mistakes. The code is `SKIPSTEP_CONFIG_INVALID`, or that of the mistakes when they all share another
 * one: a config whose only mistake is a plugin that is not installed gives `SKIPSTEP_PLUGIN_UNKNOWN`.
 */
export function configInvalid(problems: readonly ConfigProblem[]): ConfigError {
  const [first, ...others] = new Set(problems.map(({ code }) => code));
  const code = first !== undefined && others.length === 0 ? first : "SKIPSTEP_CONFIG_INVALID";
  return new ConfigError(code, problems.map(({ message }) => message).join(" | "), problems);
}

/** The config file itself, or one that it extends, cannot be read. */
export function configUnreadable(file: string, cause: unknown): SkipstepError {
  const reason = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : messageOf(cause);
  return new SkipstepError(
    "SKIPSTEP_CONFIG_UNREADABLE",
    `Config ${file} cannot be read: ${reason}. Give the path of a JSON file.`,
    { cause },
  );
}

/** Config files that extend one another. */
export function configCircle(files: readonly string[]): SkipstepError {
  return new SkipstepError("SKIPSTEP_CONFIG_CIRCLE", `${files.join(" extends ")}, in a circle. Remove one "extends".`);
}
