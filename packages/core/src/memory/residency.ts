import { ComponentSessions, type Turns } from "./component";
import type { MemoryMode } from "./memory-mode";
import { ResidentSessions } from "./resident";
import { SequentialSessions } from "./sequential";
import type { OpenSegment, Sessions } from "./sessions";

/** When and where a component's weights are in memory. */
export interface Residency {
  readonly mode: MemoryMode;
  /** The pipeline's, for `component`. */
  readonly turns: Turns;
  /** The provider of each segment; the runtime's where there is none. */
  readonly devices: readonly (string | undefined)[];
  /** Segments whose nodes may not be left to the CPU. */
  readonly noFallback?: readonly boolean[];
}

/** The sessions of `count` segments. @param passing the one that need not stay, if there is one @throws SKIPSTEP_SESSION_FAILED where they are opened at once */
export async function openSessions(
  residency: Residency | undefined,
  count: number,
  passing: number | undefined,
  openSegment: OpenSegment,
): Promise<Sessions> {
  if (residency?.mode === "sequential") return new SequentialSessions(openSegment);
  if (residency?.mode === "component") return new ComponentSessions(residency.turns, count, passing, openSegment);
  return ResidentSessions.open(count, passing, openSegment);
}
