import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ChildMessage } from "./child";
import { longest } from "./fuzz-kind";
import type { Fault } from "./outcome";
import { root } from "./seeds";
import type { Tally } from "./tally";

/** Inputs of one kind, as a process tries them. */
export interface Part {
  readonly kind: string;
  readonly first: number;
  readonly count: number;
  readonly drawn: number;
}

/** Bytes that a process may have. */
const mostMemory = 2 ** 30;
/** Milliseconds of wall time after which even a process that does not compute has hung, or is being prepared. */
const mostWall = 300_000;
const look = 250;

/** Tries a part in a process of its own, and goes on with a fresh one behind an input that had to be killed. */
export async function tryPart(part: Part, tally: Tally): Promise<void> {
  let { first } = part;
  const end = first + part.count;
  while (first < end) first = await tryUntilKilled({ ...part, first, count: end - first }, tally);
}

/** @returns the input to go on with */
function tryUntilKilled({ kind, first, count, drawn }: Part, tally: Tally): Promise<number> {
  const child = fork(join(import.meta.dirname, "child.ts"), [kind, String(first), String(count), String(drawn)], {
    cwd: root,
    execArgv: ["--import", "tsx", "--conditions=@skipstep/source"],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let input = first;
  let last = { wall: performance.now(), processor: 0 };
  let problem: Pick<Fault, "outcome" | "text"> | undefined;
  let isTrying = false;
  let hasBegun = false;
  let complaints = "";
  child.stderr!.on("data", (text: Buffer) => {
    complaints = (complaints + text).slice(-4000);
  });
  child.on("message", (message: ChildMessage) => {
    last = { wall: performance.now(), processor: processorTime(child) ?? last.processor };
    isTrying = "start" in message;
    hasBegun = true;
    if ("start" in message) input = message.start;
    else {
      tally.add(kind, message.outcome, message.fault, message.largest);
      input++;
    }
  });
  const timer = setInterval(() => {
    const computed = (processorTime(child) ?? 0) - last.processor;
    const memory = memoryOf(child);
    if (memory > mostMemory) problem = { outcome: "large", text: `took ${Math.round(memory / 2 ** 20)} MiB` };
    else if (isTrying && computed > longest) problem = { outcome: "hang", text: `did not end in ${longest} ms` };
    else if (performance.now() - last.wall > mostWall)
      problem = { outcome: "hang", text: `did not end in ${mostWall} ms` };
    if (problem) child.kill("SIGKILL");
  }, look);
  return new Promise((resolve) =>
    child.on("exit", (code, signal) => {
      clearInterval(timer);
      if (code === 0 && !problem) return resolve(first + count);
      const { outcome, text } = problem ?? { outcome: "uncoded", text: `ended with ${code ?? signal}: ${complaints}` };
      tally.add(kind, outcome, { kind, input, outcome, text }, 0);
      resolve(hasBegun ? input + 1 : first + count); // what cannot be prepared is not tried again
    }),
  );
}

/** Milliseconds that a process has computed, https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html. */
function processorTime({ pid }: ChildProcess): number | undefined {
  const fields = read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, "")
    .split(" ");
  return fields && (Number(fields[11]) + Number(fields[12])) * 10; // in hundredths of a second
}

/** Bytes. */
function memoryOf({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s*(\d+)/.exec(read(`/proc/${pid}/status`) ?? "")?.[1] ?? 0) * 1024;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined; // it has ended
  }
}
