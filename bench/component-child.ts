/** Runs one component in a process of its own. Argument: a `ComponentRun` as JSON. Answers one line of JSON. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { newGraph } from "@skipstep/contract/graph";
import { openGraph, openWeights, Runtime } from "@skipstep/core/model";
import { architectures, type ComponentRun, type MeasuredRun } from "./component-run";
import { least, timed } from "./measure";
import { someInputs } from "./some-inputs";

const { folder, model, sizes, rounds, threads }: ComponentRun = JSON.parse(process.argv[2]!);
const { architecture, entry } = architectures[model]!;
const runtime = await Runtime.start({ provider: "cpu", ...(threads === undefined ? {} : { threads }) });
const weights = openWeights(folder);
const graph = newGraph({ component: model, weights });
architecture.entries[entry]!(graph, architecture.parse(JSON.parse(readFileSync(join(folder, "config.json"), "utf8"))));
const cacheDir = join(folder, "cache");
const program = await openGraph(runtime, graph, { identity: weights.identity(cacheDir), cacheDir });
weights.close();
const inputs = someInputs(runtime, graph, sizes);

let anonymousBytes = 0;
const looking = setInterval(() => {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))!;
  anonymousBytes = Math.max(anonymousBytes, Number(kilobytes) * 1024);
}, 10);
const seconds: number[] = [];
for (let round = 0; round < rounds; round++)
  seconds.push(
    await timed(() => runtime.pass(async () => void (await Object.values(await program.run(inputs))[0]!.read()))),
  );
clearInterval(looking);
await runtime.close();
process.stdout.write(
  JSON.stringify({ seconds: rounds === 0 ? 0 : least(seconds), anonymousBytes } satisfies MeasuredRun),
);
