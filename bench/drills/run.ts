/**
 * Drills of the queue, see docs/serving.md: `pnpm drills redis [jobs] [steps] [drill]`, `pnpm drills postgres ...`,
 * `pnpm drills event-loop <config>`.
 */
import { join } from "node:path";
import { type Database, programs, startPostgres, startRedis } from "../../test/databases";
import { machineText } from "../machine";
import { inTemporaryFolder } from "../temporary-folder";
import { cancelledJobs } from "./cancelled-jobs";
import { DrillSite } from "./drill-site";
import { eventLoop } from "./event-loop";
import { fullDisk } from "./full-disk";
import { killedWorkers } from "./killed-workers";
import { otherModel } from "./other-model";

const [kind = "redis", first, second, only] = process.argv.slice(2);
console.log(machineText());
if (kind === "event-loop") say(await eventLoop(first ?? "configs/emoji.json", { prompt: "red heart" }));
else {
  const starts: Readonly<Record<string, () => Promise<Database>>> = { redis: startRedis, postgres: startPostgres };
  const start = starts[kind];
  if (!start || !programs[kind as keyof typeof programs])
    throw new Error(`${kind} is no database that is installed here`);
  const database = await start();
  const drill = (
    name: string,
    models: readonly string[],
    body: (site: DrillSite) => Promise<string[]>,
  ): Promise<void> =>
    inTemporaryFolder(async (folder) => {
      if (only !== undefined && only !== name) return;
      const site = await DrillSite.open(join(folder, name), database, models);
      try {
        say(await body(site));
      } finally {
        await site.close();
      }
    });
  try {
    await drill("cancel", ["emoji"], cancelledJobs);
    await drill("other", ["emoji", "other"], otherModel);
    await drill("full", ["emoji"], fullDisk);
    await drill("kill", ["emoji"], (site) => killedWorkers(site, database, Number(first ?? 500), Number(second ?? 20)));
  } finally {
    await database.stop();
  }
}

function say(lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}
