import type { Run } from "@skipstep/core/plugin";

/** What stands before the names of a report's numbers, by guidance branch. */
export const branchPrefixes = ["", "cfg_"] as const;

/** One of `branchPrefixes`. */
export type BranchPrefix = (typeof branchPrefixes)[number];

/**
 * `cfg_` for the negative prompt's branch where that runs by itself, so that its numbers stand beside the prompt's: both
 * branches of a step are recorded under the step's index.
 */
export function branchPrefix({ branch }: Run): BranchPrefix {
  return branchPrefixes[branch === "uncond" ? 1 : 0];
}
