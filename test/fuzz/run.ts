import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { kinds } from "./kinds";
import { Tally } from "./tally";
import { type Part, tryPart } from "./watched-child";

/**
 * `pnpm fuzz --inputs 100000`: changes inputs of every kind at random and tries them in processes of their own, each with
 * five seconds of processor time an input and a gibibyte of memory. Prints a table, and each fault with the number that
 * makes it again: `pnpm fuzz --kind GGUF --first 12 --inputs 1`. Ctrl-C ends it with the table of what was tried.
 */
const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "10000" },
    kind: { type: "string" },
    first: { type: "string", default: "0" },
    jobs: { type: "string", default: String(availableParallelism()) },
    drawn: { type: "string", default: "0.02" },
  },
});

/** Inputs that one process tries. */
const most = 500;

const chosen = kinds.filter(({ name }) => values.kind === undefined || name === values.kind);
const whole = chosen.reduce((sum, { weight }) => sum + weight, 0);
const parts = chosen.flatMap(({ name, weight }): Part[] => {
  const count = Math.ceil((Number(values.inputs) * weight) / whole);
  const first = Number(values.first);
  return Array.from({ length: Math.ceil(count / most) }, (_, i) => ({
    kind: name,
    first: first + i * most,
    count: Math.min(most, count - i * most),
    drawn: Number(values.drawn),
  }));
});
parts.sort((a, b) => a.first - b.first); // some of every kind before more of any

const tally = new Tally();
const work = async (): Promise<void> => {
  for (let part = parts.shift(); part; part = parts.shift()) {
    const before = tally.faults.length;
    await tryPart(part, tally);
    for (const { kind, input, outcome, text } of tally.faults.slice(before))
      console.error(`${outcome}: --kind "${kind}" --first ${input}: ${text}`);
    process.stderr.write(`${tally.inputs} inputs, ${tally.faults.length} faults\n`);
  }
};
process.once("SIGINT", finish); // what was tried until then counts
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
finish();

function finish(): void {
  for (const line of tally.table()) console.log(line);
  process.exit(tally.faults.length === 0 ? 0 : 1);
}
