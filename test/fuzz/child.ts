import { mostMemory } from "../most-memory";
import { fuzzKind } from "./fuzz-kind";
import { kinds } from "./kinds";
import type { Fault, Outcome } from "./outcome";

/** What a child process tells its parent: an input begins, or has ended; the most memory until then, bytes. */
export type ChildMessage =
  | { readonly start: number }
  | { readonly outcome: Outcome; readonly fault?: Fault | undefined; readonly largest: number };

/** A part of a kind's inputs, in a process that may be killed. */
const [name, first, count, drawn] = process.argv.slice(2) as [string, string, string, string];
process.env.HF_HUB_OFFLINE = "1";

const tell = (message: ChildMessage): void => void process.send!(message);
await fuzzKind({
  kind: kinds.find((kind) => kind.name === name)!,
  first: Number(first),
  count: Number(count),
  drawn: Number(drawn),
  onStart: (start) => tell({ start }),
  onEnd: (outcome, fault) => tell({ outcome, fault, largest: mostMemory() }),
});
process.disconnect();
