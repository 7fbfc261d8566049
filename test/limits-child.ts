/**
 * Opens configs one after the other, each of which must be refused. Argument: a JSON file with their paths. Prints one
 * line of JSON: code, message and processor time of each, and the most memory that the process took.
 */
import { readFileSync } from "node:fs";
import { createPipeline, SkipstepError } from "@skipstep/core";
import { mostMemory } from "./most-memory";

const [list, cacheDir] = process.argv.slice(2) as [string, string];
const found: object[] = [];
for (const config of JSON.parse(readFileSync(list, "utf8")) as string[]) {
  const before = process.cpuUsage();
  const outcome = await createPipeline(config, { cacheDir, threads: 1 }).then(
    () => ({ code: "opened" }),
    (error: unknown) => ({ code: error instanceof SkipstepError ? error.code : "none", message: String(error) }),
  );
  const { user, system } = process.cpuUsage(before);
  found.push({ ...outcome, seconds: (user + system) / 1e6 });
}
process.stdout.write(JSON.stringify({ found, megabytes: mostMemory() / 2 ** 20 }));
