#!/usr/bin/env node
import { run } from "./run";

const { INIT_CWD, npm_lifecycle_event, npm_package_name } = process.env;
// "pnpm skipstep" runs in the repository's root; paths are meant from where it was typed.
if (INIT_CWD && npm_lifecycle_event === "skipstep" && npm_package_name === "skipstep") process.chdir(INIT_CWD);

for (const stream of [process.stdout, process.stderr])
  stream.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") process.exit(); // the reader, such as "head", has seen enough
  });

process.exitCode = await run(process.argv.slice(2));
