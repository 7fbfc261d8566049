import { weightBytes } from "../compiler/memory-estimate";
import type { Plan, Segment } from "../compiler/plan";

/**
 * Bytes of weights from which on those that only timesteps need are not held while a model denoises. Opening their session
 * takes some milliseconds a generation, which small models notice.
 */
const leastPassing = 2 ** 24;

/** What is computed before the first step, where its weights leave memory then. */
export function passingSegment({ time }: Pick<Plan, "time">): Segment | undefined {
  return time && weightBytes(time.segment) >= leastPassing ? time.segment : undefined;
}
