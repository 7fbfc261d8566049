import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kind, Subject } from "./kind";
import { type Fault, faultOf, type Outcome } from "./outcome";
import { Random } from "./random";

export interface KindRun {
  readonly kind: Kind;
  /** The first input's number, and how many there are. */
  readonly first: number;
  readonly count: number;
  /** Share that draws. */
  readonly drawn: number;
  /** Told before an input is tried, and after. */
  readonly onStart?: (input: number) => void;
  readonly onEnd?: (outcome: Outcome, fault: Fault | undefined) => void;
}

/** Milliseconds of processor time that one input may take: wall time is up to whatever else the machine does. */
export const longest = 5000;

/** Tries inputs of one kind. An input is made of its kind and its number alone. @returns the faults */
export async function fuzzKind({ kind, first, count, drawn, onStart, onEnd }: KindRun): Promise<Fault[]> {
  const folder = mkdtempSync(join(tmpdir(), `skipstep-fuzz-${kind.name}-`));
  const faults: Fault[] = [];
  const subject = await kind.prepare({ folder, drawn });
  try {
    await subject.sound();
    for (let input = first; input < first + count; input++) {
      onStart?.(input);
      const { outcome, text } = await outcomeOf(subject, new Random(seedOf(kind.name, input)));
      const fault = text === undefined ? undefined : { kind: kind.name, input, outcome, text };
      if (fault) faults.push(fault);
      onEnd?.(outcome, fault);
    }
  } finally {
    await subject.close?.();
    rmSync(folder, { recursive: true, force: true });
  }
  return faults;
}

async function outcomeOf(subject: Subject, random: Random): Promise<{ outcome: Outcome; text?: string }> {
  const start = process.cpuUsage();
  let result: { outcome: Outcome; text?: string };
  try {
    result = { outcome: (await subject.attempt(random)) ? "drawn" : "valid" };
  } catch (error) {
    const text = faultOf(error);
    result = text === undefined ? { outcome: "coded" } : { outcome: "uncoded", text };
  }
  const { user, system } = process.cpuUsage(start);
  const milliseconds = (user + system) / 1000;
  if (milliseconds <= longest) return result;
  return {
    outcome: "hang",
    text: `took ${Math.round(milliseconds)} ms${result.text === undefined ? "" : `: ${result.text}`}`,
  };
}

/** FNV-1a over the name, and the input's number. */
function seedOf(name: string, input: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return Math.imul(hash ^ input, 0x9e3779b1);
}
