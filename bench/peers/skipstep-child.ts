/** Runs one model in Skipstep, for bench/peers. Argument: a `SkipstepRun` as JSON. Answers as peer.py does. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { newGraph } from "@skipstep/contract/graph";
import {
  autoencoderKl,
  dit,
  type Floats,
  graphPlugins,
  openGraph,
  openWeights,
  Runtime,
  zImage,
} from "@skipstep/core/model";
import type { PluginClass } from "@skipstep/core/plugin";
import { Bnb } from "../../plugins/bnb/src/index";
import { ChannelsLast } from "../../plugins/channels-last/src/index";
import { someInputs } from "../some-inputs";
import type { SkipstepRun } from "./contestants";

const plugins = { bnb: Bnb, "channels-last": ChannelsLast } as Readonly<Record<string, unknown>>;
const models = {
  decoder: { architecture: autoencoderKl, entry: "decode" },
  dit: { architecture: dit, entry: "forward" },
  "z-image": { architecture: zImage, entry: "forward" },
} as const;

const ask: SkipstepRun = JSON.parse(process.argv[2]!);
const { architecture, entry } = models[ask.model];
const runtime = await Runtime.start({ provider: "cpu", threads: ask.threads });
const weights = openWeights(ask.folder);
const uses = ask.plugins.map(({ use, options }) => ({ use: plugins[use] as PluginClass, options }));
const { build: hooks } = graphPlugins(ask.model, uses);
const graph = newGraph({ component: ask.model, weights, hooks });
const config = JSON.parse(readFileSync(join(ask.folder, "config.json"), "utf8"));
architecture.entries[entry]!(graph, architecture.parse(config) as never);
hooks.graphBuilt(graph);
const cacheDir = join(ask.folder, "cache");
const program = await openGraph(runtime, graph, { identity: weights.identity(cacheDir), cacheDir });
weights.close();
const inputs = someInputs(runtime, graph, ask.sizes);
const run = (): Promise<Float32Array> =>
  runtime.pass(async () => {
    const output = Object.values(await program.run(inputs))[0]!;
    return Float32Array.from(((await output.read()) as Floats).data);
  });
let output = await run();
say({ ready: process.version });
for await (const line of createInterface(process.stdin)) {
  const [command, path] = line.split(" ");
  if (command === "run") {
    const [start, before] = [performance.now(), process.cpuUsage()];
    output = await run();
    const { user, system } = process.cpuUsage(before);
    say({ seconds: (performance.now() - start) / 1000, processor: (user + system) / 1e6 });
  } else {
    writeFileSync(path!, new Uint8Array(output.buffer));
    say({ written: path });
  }
}
await runtime.close();

function say(document: object): void {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}
