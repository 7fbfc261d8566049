import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { command, tsx } from "../../../test/built/packages";
import { run } from "../src/run";
import { Terminal } from "../src/terminal";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

/** What a command line came to. */
export interface Outcome {
  /** `null` when a signal ended the process. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. */
export async function skipstep(...args: string[]): Promise<Outcome> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const exitCode = await run(args, new Terminal(stdout, stderr));
  stdout.end();
  stderr.end();
  return { exitCode, stdout: await text(stdout), stderr: await text(stderr) };
}

/** Runs a command line that ends with one JSON document on stdout. */
export async function skipstepJson<Document>(...args: string[]): Promise<Outcome & { readonly document: Document }> {
  const outcome = await skipstep(...args, "--json");
  return { ...outcome, document: JSON.parse(outcome.stdout) };
}

/** How the command is started. */
interface Start {
  readonly cwd?: string;
  /** Whether it loads plugins in TypeScript. */
  readonly typescript?: boolean;
}

/** Starts the command in a process of its own. */
export function startSkipstep(
  args: readonly string[],
  { cwd = root, typescript = false }: Start = {},
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [...(typescript ? tsx : []), ...command, ...args], {
    cwd,
    env: { ...process.env, TSX_TSCONFIG_PATH: path.join(root, "tsconfig.json") },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Waits for a process. */
export async function outcomeOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Outcome> {
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { exitCode: exitCode as number | null, stdout, stderr };
}
