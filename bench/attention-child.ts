/** Runs one attention in a process of its own. Argument: a form as JSON. Answers one line of JSON. */
import { readFileSync, writeFileSync } from "node:fs";
import { newGraph } from "@skipstep/contract/graph";
import { floats, openGraph, Runtime, size } from "@skipstep/core/model";
import type { Op } from "../plugins/xformers/src/attend";
import { memoryEfficientAttention } from "../plugins/xformers/src/memory-efficient-attention";
import { type BiasOption, parseBias } from "../plugins/xformers/src/parse-bias";
import { least, timed } from "./measure";
import { someInputs } from "./some-inputs";
import { inTemporaryFolder } from "./temporary-folder";

export interface Form {
  readonly op: Op;
  readonly tokens: number;
  readonly blockSize?: number;
  readonly bias?: BiasOption;
}

export interface Measured {
  /** The least of some runs. */
  readonly seconds: number;
  /** The most that was resident at once in a run, beyond what was before it. */
  readonly peakBytes: number;
}

const { op, tokens, blockSize = 256, bias }: Form = JSON.parse(process.argv[2]!);
const [heads, width] = [16, 72]; // DiT-XL/2's

await inTemporaryFolder(async (folder) => {
  const g = newGraph({ component: "attention" });
  const [query, key, value] = ["q", "k", "v"].map((name) => g.input(name, [1, size("T"), heads, width]));
  const attnBias = bias === undefined ? {} : { attnBias: parseBias(bias).mask };
  const y = memoryEfficientAttention(g, query!, key!, value!, { op, blockSize, ...attnBias });
  g.output("row", g.slice(y, 1, 0, 1)); // copying all of it out is no part of a model's step
  const runtime = await Runtime.start({ provider: "cpu" });
  try {
    const program = await openGraph(runtime, g, { identity: "attention", cacheDir: folder });
    const inputs = someInputs(runtime, g, { T: tokens });
    const nothing = runtime.upload(floats([1]), { keep: true });
    await nothing.read();
    const run = (): Promise<number> =>
      timed(() =>
        runtime.pass(async () => {
          await program.run(inputs);
          await nothing.read();
        }),
      );
    writeFileSync("/proc/self/clear_refs", "5"); // the peak begins anew
    const before = status("VmRSS");
    const seconds = [await run(), await run(), await run()];
    const measured: Measured = { seconds: least(seconds), peakBytes: status("VmHWM") - before };
    process.stdout.write(JSON.stringify(measured));
  } finally {
    await runtime.close();
  }
});

function status(name: string): number {
  return 1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync("/proc/self/status", "utf8"))![1]);
}
