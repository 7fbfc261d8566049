import type { Floats } from "@skipstep/core/plugin";
import type { GuidanceOptions } from "../options";
import type { Strength } from "../scales";

/** One guided step, as a guider is told of it. */
export interface Moment extends Strength {
  readonly index: number;
  readonly options: GuidanceOptions;
  /** What a generation remembers. */
  readonly memory: GuiderMemory;
}

export interface GuiderMemory {
  /** Running sum of directions, of guiders with momentum. */
  average?: Float64Array;
}

/** Combines two predictions, before they are rescaled. @param cond `[B, ...]` @param uncond `[B, ...]` */
export type Guider = (cond: Floats, uncond: Floats, moment: Moment) => Floats;
