/** Compiles in a process of its own. Arguments: a cache folder, then `race` or `memory`. Answers one line of JSON. */
import { once } from "node:events";
import { compile } from "../src/compiler/compile";
import { planGraph } from "../src/compiler/plan";
import { Graph } from "../src/graph/graph";
import { memoryWeights } from "./memory-weights";

const [cacheDir, task] = process.argv.slice(2) as [string, "race" | "memory"];
const noPlugins = { weightLoad: () => undefined, attention: () => undefined };

interface Sizes {
  readonly payloads: number;
  /** Elements of each. */
  readonly length: number;
  /** Milliseconds that making one takes. */
  readonly delay: number;
}

/** `x` plus the first element of each of some weights, which are made when they are asked for. */
function largeGraph({ payloads, length, delay }: Sizes): Graph {
  const g = Graph.create("large", memoryWeights({}), noPlugins);
  let sum = g.input("x", [1]);
  for (let i = 0; i < payloads; i++) {
    const bytes = (): Uint8Array => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delay);
      return new Uint8Array(new Float32Array(length).fill(i).buffer);
    };
    const value = g.initializer({ key: `large ${i}`, label: `large.${i}`, byteLength: 4 * length, bytes }, [length]);
    sum = g.add(sum, g.slice(value, 0, 0, 1));
  }
  g.output("y", sum);
  return g;
}

const graph = largeGraph(
  task === "race" ? { payloads: 4, length: 2 ** 18, delay: 100 } : { payloads: 8, length: 13_107_200, delay: 0 },
);
process.stdout.write("ready\n");
await once(process.stdin, "data");
const before = process.resourceUsage().maxRSS;
let payloads = 0;
const { folder, cached } = await compile({
  graph,
  plan: planGraph(graph, []),
  identity: "1".repeat(64),
  cacheDir,
  component: "large",
  className: "Large",
  source: "/models/large",
  plugins: [],
  onEvent: () => payloads++,
});
const grownBytes = (process.resourceUsage().maxRSS - before) * 1024;
process.stdout.write(`${JSON.stringify({ folder, cached, payloads, grownBytes })}\n`);
process.exit();
