import { CreateError } from "./errors";
import { run } from "./run";

try {
  run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CreateError)) throw error;
  process.stderr.write(`${error.code} ${error.message}\n`);
  process.exitCode = error.code === "SKIPSTEP_CREATE_USAGE" ? 2 : 7;
}
