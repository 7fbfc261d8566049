import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { SkipstepError } from "@skipstep/core";
import { run } from "../../packages/cli/src/run";
import { Terminal } from "../../packages/cli/src/terminal";

/**
 * Runs a command line in this process.
 * @throws a SkipstepError for what it complains of, an `Error` for what nobody foresaw and for controls on the terminal
 */
export async function runCommand(args: readonly string[]): Promise<void> {
  const [out, errors] = [new PassThrough(), new PassThrough()];
  const exitCode = await run(args, new Terminal(out, errors));
  out.end();
  errors.end();
  const [shown, complaint] = [await text(out), await text(errors)];
  if (/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e]/u.test((shown + complaint).replaceAll("\n", "")))
    throw new Error(`${args[0]} prints controls: ${JSON.stringify((shown + complaint).slice(0, 300))}`);
  if (exitCode === 1) throw new Error(shown + complaint);
  if (exitCode !== 0) throw new SkipstepError("SKIPSTEP_USAGE", complaint.trimEnd().split("\n")[0] ?? "");
}
