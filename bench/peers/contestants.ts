import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Sizes } from "@skipstep/core/model";

/** Which model is run, and how large. */
export interface Match {
  readonly model: "decoder" | "dit" | "z-image";
  /** The component's folder: config.json and weights as diffusers has them. */
  readonly folder: string;
  readonly sizes: Sizes;
  readonly threads: number;
}

export interface SkipstepRun extends Match {
  readonly plugins: readonly { readonly use: string; readonly options: Readonly<Record<string, unknown>> }[];
}

export interface PeerRun extends Match {
  readonly peer: "openvino" | "torch";
  /** `int8` is NNCF's, with `between` what stays in floats. */
  readonly precision: "float32" | "bfloat16" | "int8";
  readonly between?: "bf16" | "f32";
}

export interface Cost {
  readonly seconds: number;
  /** Of all threads. */
  readonly processor: number;
  /** Resident memory after it, where it is told. */
  readonly bytes?: number;
}

/** One program with one model, open in a process of its own. */
export interface Contestant {
  readonly version: string;
  run(): Promise<Cost>;
  /** Writes the last output as raw float32. */
  write(path: string): Promise<void>;
  close(): Promise<void>;
}

type Answer = Partial<Cost> & { readonly ready?: string; readonly missing?: string };

/** Python with `openvino`, `nncf`, `torch` and `diffusers`, as far as they are there. */
const python = process.env.SKIPSTEP_PEERS_PYTHON ?? "python3";

export function openSkipstep(run: SkipstepRun): Promise<Contestant | string> {
  const child = fileURLToPath(new URL("./skipstep-child.ts", import.meta.url));
  return open(process.execPath, ["--import", "tsx", "--conditions=@skipstep/source", child, JSON.stringify(run)]);
}

/** @returns why it cannot take part, where it cannot */
export function openPeer(run: PeerRun): Promise<Contestant | string> {
  return open(python, [fileURLToPath(new URL("./peer.py", import.meta.url)), JSON.stringify(run)]);
}

async function open(command: string, args: readonly string[]): Promise<Contestant | string> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const answers = answersOf(child);
  const failed = once(child, "error").then(([error]) => ({ missing: `${command} (${(error as Error).message})` }));
  const first: Answer = await Promise.race([answers(), failed]);
  if (first.ready === undefined) return first.missing ?? `${command}: ended`;
  const ask = (line: string): Promise<Answer> => {
    child.stdin.write(`${line}\n`);
    return answers();
  };
  return {
    version: first.ready,
    run: async () => (await ask("run")) as Cost,
    write: async (path) => void (await ask(`output ${path}`)),
    close: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

/** Lines of JSON, one at a time; what is no JSON is a library's chatter. */
function answersOf(child: ChildProcessByStdio<Writable, Readable, null>): () => Promise<Answer> {
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) return {};
      if (value.startsWith("{")) return JSON.parse(value) as Answer;
    }
  };
}
