#!/usr/bin/env node
import { exitCodeOf } from "./exit-codes";
import { tellFailure } from "./failure";
import { run } from "./run";
import { Terminal } from "./terminal";

const { INIT_CWD, npm_lifecycle_event, npm_package_name } = process.env;
// "pnpm skipstep" runs in the repository's root; paths are meant from where it was typed.
if (INIT_CWD && npm_lifecycle_event === "skipstep" && npm_package_name === "skipstep") process.chdir(INIT_CWD);

process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  if (code === "EPIPE") process.exit(); // the reader, such as "head", has seen enough
  process.stderr.write(`SKIPSTEP_OUTPUT_UNWRITABLE The result cannot be printed: ${message}.\n`);
  process.exit(exitCodeOf("SKIPSTEP_OUTPUT_UNWRITABLE"));
});

// What nobody waited for is told like all else, and not as a stack.
process.on("uncaughtException", (error) => {
  process.exit(tellFailure(error, new Terminal(), process.argv.includes("--json")).exitCode);
});

process.exitCode = await run(process.argv.slice(2));
