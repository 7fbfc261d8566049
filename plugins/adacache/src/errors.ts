import { optionUnfit, type SkipstepError, type Structure } from "@skipstep/core/plugin";

export function blockMissing(block: number, { className, blocks }: Structure): SkipstepError {
  return optionUnfit(
    "adacache",
    "cache_loc",
    `must be from 0 to ${blocks.length - 1}, the blocks of ${className}, found ${block}`,
    "The block in the middle is taken when it is left out.",
  );
}

export function codebookUnsorted(): SkipstepError {
  return optionUnfit(
    "adacache",
    "codebook",
    "must have its changes in ascending order",
    "The first one that is above the measured change is taken.",
  );
}
