import type { WorkMeter } from "../program/work-meter";
import type { RegionReceipt, RunReceipts } from "./receipts";

/**
 * What a plugin's skipping came to, against the same generation without the plugin. FLOPs are multiplications and
 * additions of matrix products, attentions and convolutions at the sizes run; time is that of the passes over the
 * denoiser, from their inputs to their outputs, with all that plugins do in them. A region inside another one that was
 * skipped counts once, with that one.
 */
export interface ComputeReport {
  /** Not done, and their share of all that the denoiser would have done. */
  readonly skippedFlops: number;
  readonly skippedShare: number;
  /**
   * What the skipped segments would have taken (the median of their runs in this generation), less what the plugin's own
   * tensor math took; and its share of the time that the denoiser would have taken.
   */
  readonly savedSeconds: number;
  readonly savedShare: number;
  /**
   * "Compute realised": the speed-up in time over the speed-up in FLOPs, `(1 - skippedShare) / (1 - savedShare)`. 1 where
   * skipping n times the work makes n times as fast.
   */
  readonly realised: number;
}

/** @returns `undefined` for a plugin that skipped nothing */
export function reportCompute(plugin: string, hooks: RunReceipts): ComputeReport | undefined {
  const { receipts, meter } = hooks;
  const own = receipts.filter((receipt) => receipt.plugin === plugin);
  const skippedFlops = sum(own, (receipt) => skippedFlopsOf(receipt, meter));
  if (own.every(({ skipped }) => skipped.length === 0)) return undefined;
  // The meter counts the regions that passes skip, and not the passes that nobody made.
  const unmade = sum(receipts, ({ skipped }) => sum(skipped, (work) => ("passes" in work ? meter.flopsOf(work) : 0)));
  const others = sum(receipts, (receipt) => skippedFlopsOf(receipt, meter)) - skippedFlops;
  const skippedShare = shareOf(skippedFlops, meter.flops + unmade - others);
  const savedSeconds =
    sum(own, (receipt) => sum(receipt.skipped, (work) => meter.secondsOf(work))) - hooks.accountOf(plugin).seconds;
  const savedShare = shareOf(savedSeconds, meter.seconds + savedSeconds);
  return { skippedFlops, skippedShare, savedSeconds, savedShare, realised: (1 - skippedShare) / (1 - savedShare) };
}

export function skippedFlopsOf({ skipped }: RegionReceipt, meter: WorkMeter): number {
  return sum(skipped, (work) => meter.flopsOf(work));
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function shareOf(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
