/** Runs the benchmarks that are named on the command line, or all of them, and writes results.md. */
import { fileURLToPath } from "node:url";
import { attentionBenchmark } from "./attention";
import { type Benchmark, type Figure, isMet, quantity, targetText } from "./benchmark";
import { cacheDitBenchmark } from "./cache-dit";
import { cacheDitEmojiBenchmark } from "./cache-dit-emoji";
import { compileBenchmark } from "./compile";
import { coresBenchmark } from "./cores";
import { deepcacheBenchmark } from "./deepcache";
import { denoisersBenchmark } from "./denoisers";
import { ditCachesBenchmark } from "./dit-caches";
import { dtypeBenchmark } from "./dtype";
import { emojiBenchmark } from "./emoji";
import { foraBenchmark } from "./fora";
import { ggufTokensBenchmark, ggufTypesBenchmark } from "./gguf-types";
import { guidanceBenchmark } from "./guidance";
import { guidanceSd15Benchmark } from "./guidance-sd15";
import { headlineBenchmark } from "./headline";
import { hooksBenchmark } from "./hooks";
import { lowBitBenchmarks } from "./low-bit";
import { matmulBenchmark } from "./matmul";
import { memoryBenchmark } from "./memory";
import { peersBenchmarks } from "./peers/peers";
import { requestLoraBenchmark } from "./request-lora";
import { section, writeSections } from "./results";
import { sanaBenchmark } from "./sana";
import { sd15Benchmark } from "./sd15";
import { serveBenchmark } from "./serve";
import { svdquantBenchmark } from "./svdquant";
import { timeAheadBenchmark } from "./time-ahead";
import { tinyVaeBenchmark } from "./tiny-vae";
import { togetherBenchmark } from "./together";
import { tomeBenchmark } from "./tome";

const benchmarks: readonly Benchmark[] = [
  emojiBenchmark,
  hooksBenchmark,
  matmulBenchmark,
  compileBenchmark,
  denoisersBenchmark,
  sd15Benchmark,
  coresBenchmark,
  sanaBenchmark,
  tinyVaeBenchmark,
  deepcacheBenchmark,
  tomeBenchmark,
  attentionBenchmark,
  foraBenchmark,
  timeAheadBenchmark,
  guidanceBenchmark,
  guidanceSd15Benchmark,
  cacheDitBenchmark,
  cacheDitEmojiBenchmark,
  memoryBenchmark,
  dtypeBenchmark,
  ggufTypesBenchmark,
  ggufTokensBenchmark,
  svdquantBenchmark,
  requestLoraBenchmark,
  ...lowBitBenchmarks,
  serveBenchmark,
  togetherBenchmark,
  ditCachesBenchmark,
  headlineBenchmark,
  ...peersBenchmarks,
];
const results = fileURLToPath(new URL("./results.md", import.meta.url));

const names = benchmarks.map(({ name }) => name);
const wanted = process.argv.slice(2);
/** Of a name, or of a group: `peers` is `peers-decoder`, `peers-dit` and so on. */
const called = (given: string): string[] =>
  names.includes(given) ? [given] : names.filter((name) => name.startsWith(`${given}-`));
const unknown = wanted.filter((given) => called(given).length === 0);
const chosen = wanted.length > 0 ? wanted.flatMap(called) : names;
if (unknown.length > 0) {
  console.error(`No benchmark is called ${unknown.join(", ")}. There are: ${names.join(", ")}.`);
  process.exit(2);
}
const table: Record<string, string>[] = [];
for (const benchmark of benchmarks) {
  if (!chosen.includes(benchmark.name)) continue;
  const figures = await benchmark.run((line) => console.error(`${benchmark.name}: ${line}`));
  table.push(...figures.map((figure) => row(benchmark.name, figure)));
  if (figures.length === 0) continue; // all of it was left out, and said so
  writeSections(results, new Map([[benchmark.name, section(benchmark, figures, new Date())]]), names);
}
console.table(table);

function row(benchmark: string, figure: Figure): Record<string, string> {
  const met = figure.target ? (isMet(figure) ? "yes" : "NO") : "";
  const measured = quantity(figure.value, figure.unit);
  return { benchmark, figure: figure.what, measured, target: targetText(figure), met };
}
