import { inspect } from "node:util";
import type { ConfigError, ConfigProblem } from "@skipstep/core";
import { printable } from "@skipstep/core/printable";
import { CommanderError } from "commander";
import { exitCodeOf } from "./exit-codes";
import type { LastLine } from "./interruption";
import type { Terminal } from "./terminal";

/** What a command ended with, made ready to be told. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** The mistakes of a config, one by one. */
  readonly problems?: readonly ConfigProblem[];
  readonly exitCode: number;
}

/** Reads what was thrown. Knows errors by their code, so that core need not be loaded for a typing slip. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
    return { code: "SKIPSTEP_USAGE", message, exitCode: 2 };
  }
  const { code, message, problems } = (error ?? {}) as Partial<ConfigError>;
  const exitCode = typeof code === "string" && code.startsWith("SKIPSTEP_") ? exitCodeOf(code) : undefined;
  if (code === undefined || message === undefined || exitCode === undefined)
    return { code: "SKIPSTEP_UNEXPECTED", message: unexpected(error), exitCode: 1 };
  return { code, message, exitCode, ...(problems ? { problems } : {}) };
}

/** Prints a failure: `CODE message`, a line for each mistake; a stack only with `SKIPSTEP_DEBUG=1`. */
export function tellFailure(error: unknown, terminal: Terminal, isJson: boolean): Failure {
  const failure = failureOf(error);
  const { code, message, problems } = failure;
  if (isJson) terminal.json({ error: { code, message, ...(problems ? { problems } : {}) } });
  else terminal.complain(problems ? problems.map(problemLine) : [`${code} ${message}`]);
  if (process.env.SKIPSTEP_DEBUG === "1") terminal.complain(inspect(error).split("\n"));
  return failure;
}

/** What a signal ends a command with. It is told where core need not be loaded. */
export function cancelledAs(reason: string): Pick<Failure, "code" | "message"> {
  return { code: "SKIPSTEP_CANCELLED", message: `Cancelled: ${reason}` };
}

/** As `tellFailure` prints it, for whoever can only write to a descriptor. */
export function lastLine({ code, message }: Pick<Failure, "code" | "message">, isJson: boolean): LastLine {
  return isJson
    ? { descriptor: 1, text: `${JSON.stringify({ error: { code, message } }, null, 2)}\n` }
    : { descriptor: 2, text: `${code} ${message}\n` };
}

/** `SKIPSTEP_CONFIG_INVALID configs/emoji.json:3:5 /generate/height must be ...` */
function problemLine({ code, message, file, line, column }: ConfigProblem): string {
  if (file === undefined || !message.startsWith(file)) return `${code} ${message}`;
  const place = `${file}:${line}:${column}`;
  return `${code} ${message.startsWith(place) ? message : `${place}${message.slice(file.length).replace(/^#/, " ")}`}`;
}

/** What no part of Skipstep foresaw: that is a mistake in it. */
function unexpected(error: unknown): string {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
  return `${printable(message.replace(/\s*\n\s*/g, " "))}. This is a fault of Skipstep: please report it, with what SKIPSTEP_DEBUG=1 shows.`;
}
