import type { Region } from "../hooks";
import type { RegionWork, WorkMeter } from "../program/work-meter";
import type { Account } from "../runtime/account";

/** What happened at one region of one plugin over a generation. */
export interface RegionReceipt {
  readonly plugin: string;
  readonly region: Region;
  /** Steps at which it was computed, skipped, or computed with other outputs than the model's. */
  readonly computed: number[];
  readonly reused: number[];
  readonly altered: number[];
  /** Seconds spent computing it, in ONNX Runtime. */
  seconds: number;
  /** FLOPs of the region over all steps, and the work that was not done. */
  flops: number;
  readonly skipped: RegionWork[];
  /** Numbers that the plugin recorded, by step. */
  readonly numbers: Map<number, Record<string, number>>;
}

/** What was seen of the plugins in one generation. */
export interface RunReceipts {
  readonly receipts: readonly RegionReceipt[];
  /** How many steps each plugin that is told of steps, or of values in them, was told of. */
  readonly watched: ReadonlyMap<string, number>;
  readonly meter: WorkMeter;
  accountOf(plugin: string): Account;
}
