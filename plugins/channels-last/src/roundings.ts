import type { Node, Value } from "@skipstep/core/plugin";

/** A picture in 8 bits: `scale * (codes - zero)`. */
export interface Rounded {
  /** uint8 `[B, H, W, C]` */
  readonly codes: Value;
  /** float32 `[]` */
  readonly scale: Value;
  /** uint8 `[]` */
  readonly zero: Value;
}

/** What convolutions in int8 take up of the nodes around them. */
export class Roundings {
  /** Values that are there in 8 bits only, by what reads them. */
  readonly rounded = new Map<Value, Rounded>();
  /** Values that are twice as high and wide as another, which is read in their place. */
  readonly enlarged = new Map<Value, Value>();
  /** Convolutions that are emitted with the sum behind them. */
  readonly awaited = new Map<Value, Node>();
}
