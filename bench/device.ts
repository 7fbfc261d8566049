/**
 * What a GPU does: `bench/device.sh` installs what is needed and runs this; `pnpm bench:device webgpu [probe emoji ...]`
 * runs some of it. Each part has a process and a share of the time, and is cut by name when that is over; what it had
 * found stays. Prints a table, and writes the same as JSON.
 *
 * `--minutes 6` for all of it, `--small` with small models in place of full sizes, for drivers that are no GPU,
 * `--out file.json`
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { type Finding, findingIn, valueText } from "./device/finding";
import { machineText } from "./machine";

/**
 * Shares of the time, by what the parts were reckoned to take (docs/devices.md). What one leaves over goes to those behind
 * it: to the golden cases, which take all that there is.
 */
const shares = { probe: 3, emoji: 7, sd15: 32, dit: 20, "z-image": 13, torch: 10, golden: 15 } as const;
type Part = keyof typeof shares;

const { values: options, positionals } = parseArgs({
  options: {
    minutes: { type: "string", default: "6" },
    small: { type: "boolean", default: false },
    out: { type: "string", default: "bench-device.json" },
  },
  allowPositionals: true,
});
const [provider = "webgpu", ...wanted] = positionals;
const names = Object.keys(shares) as Part[];
const unknown = wanted.filter((name) => !names.includes(name as Part));
if (unknown.length > 0 || !(Number(options.minutes) > 0)) {
  console.error(`device.ts takes a provider and parts of: ${names.join(", ")}; --minutes a number above 0.`);
  process.exit(2);
}
/** When whoever started this began, so that what was installed before counts. */
const began = Number(process.env.SKIPSTEP_BENCH_BEGAN ?? Date.now());
const end = began + Number(options.minutes) * 60_000;
const chosen = names.filter((name) => wanted.length === 0 || wanted.includes(name));
const findings: Finding[] = [];
const cut: string[] = [];

const sizes = options.small ? "small models in place of full sizes" : "full sizes, random weights";
say(`${provider} on ${machineText()}; ${sizes}; at most ${options.minutes} minutes`);
for (const [i, part] of chosen.entries()) {
  const left = Math.max(0, end - Date.now());
  const share = shares[part] / chosen.slice(i).reduce((sum, name) => sum + shares[name], 0);
  await run(part, left * share);
}
finish();

/** @param milliseconds after which it is cut */
async function run(part: Part, milliseconds: number): Promise<void> {
  const script = join(import.meta.dirname, "device/part.ts");
  const start = Date.now();
  const child = spawn(
    process.execPath,
    [...process.execArgv, script, part, provider, options.small ? "small" : "full"],
    {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a group of its own, so that what it started goes with it
    },
  );
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  let stopped = false;
  const timer = setTimeout(() => {
    stopped = true;
    kill(child);
  }, milliseconds);
  let errors = "";
  child.stderr.on("data", (data: Buffer) => {
    errors = `${errors}${data}`.slice(-2000);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const finding = findingIn(line);
    if (finding) note(finding);
  }
  const code = await ended;
  clearTimeout(timer);
  const seconds = ((Date.now() - start) / 1000).toFixed(0);
  if (stopped) {
    cut.push(part);
    note({ part, what: part, said: `CUT after ${seconds} s: its share of the time was over` });
  } else if (code !== 0) {
    const last = errors.trim().split("\n").at(-1) ?? "";
    note({ part, what: part, said: `ENDED after ${seconds} s with ${code}: ${last.slice(0, 200)}` });
  } else say(`-- ${part}: ${seconds} s`);
}

/** With all that it started. */
function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // it has just ended by itself
  }
}

/** A later finding of the same name stands for the one before. */
function note(finding: Finding): void {
  const same = findings.findIndex(
    ({ part, what, how }) => part === finding.part && what === finding.what && how === finding.how && what !== "forms",
  );
  if (same >= 0) findings[same] = finding;
  else findings.push(finding);
  say(`${finding.part.padEnd(8)} ${[finding.what, finding.how].filter(Boolean).join(": ")}  ${valueText(finding)}`);
}

function finish(): void {
  const seconds = (Date.now() - began) / 1000;
  const row = ({ part, what, how = "", ...rest }: Finding): string =>
    `| ${[part, what, how, valueText({ part, what, ...rest })].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  say(["", "| part | what | how | found |", "| --- | --- | --- | --- |", ...findings.map(row), ""].join("\n"));
  const out = resolve(options.out);
  mkdirSync(dirname(out), { recursive: true });
  const { small, minutes } = options;
  const result = { provider, machine: machineText(), small, minutes: Number(minutes), seconds, cut, findings };
  writeFileSync(out, `${JSON.stringify(result, undefined, 2)}\n`);
  say(`${seconds.toFixed(0)} s; ${cut.length === 0 ? "no part was cut" : `cut: ${cut.join(", ")}`}; ${out}`);
}

function say(text: string): void {
  console.log(text);
}
