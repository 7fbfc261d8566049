import { CommanderError } from "commander";
import { cancelledAs, failureOf, lastLine, tellFailure } from "./failure";
import { Interruption } from "./interruption";
import { createProgram } from "./program";
import { Terminal } from "./terminal";

/**
 * Runs a command line.
 * @param args without the program's name: `["generate", "configs/emoji.json", "--prompt", "red heart"]`
 * @returns the exit code
 */
export async function run(args: readonly string[], terminal: Terminal = new Terminal()): Promise<number> {
  const isJson = args.includes("--json");
  const interruption = new Interruption((reason) => lastLine(cancelledAs(reason), isJson));
  const unwatch = interruption.watch();
  try {
    await createProgram({ terminal, interruption }).parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // --help, --version
    if (error instanceof CommanderError && error.code === "commander.help") return 2; // no command: help is on stderr
    const { code, exitCode } = failureOf(error);
    if (interruption.exitCode === undefined || interruption.tellOnce()) tellFailure(error, terminal, isJson);
    return code === "SKIPSTEP_CANCELLED" ? (interruption.exitCode ?? exitCode) : exitCode;
  } finally {
    unwatch();
  }
}
