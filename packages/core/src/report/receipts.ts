import type { Region } from "../hooks";
import type { PassWork, Work, WorkMeter } from "../program/work-meter";
import type { Account } from "../runtime/account";

/** Rows of a plugin's report that are no regions: of the whole model, at each step. */
export const guidanceRow: Region = { name: "guidance", index: -1, from: "", to: "" };
export const predictionsRow: Region = { name: "predictions", index: -1, from: "", to: "" };
export const latentsRow: Region = { name: "latents", index: -1, from: "", to: "" };

/** What happened at one region of one plugin over a generation; or to its guidance or its predictions, as `""`. */
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
  readonly skipped: Work[];
  /** Of guidance and predictions in place of FLOPs: the passes that were offered. */
  readonly offered: PassWork[];
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
