import { viewAs } from "../weights/checkpoint/dtypes";
import type { InitializerValue } from "./weights-layout";

/** A weight with elements that are no numbers: the images will be black or noise. */
export interface NonFinite {
  /** The checkpoint's name. */
  readonly label: string;
  /** How many elements are NaN, and how many infinite. */
  readonly nan: number;
  readonly inf: number;
}

/** Counts NaN and Inf of a float32 initializer; `undefined` when there are none, or when it is of another type. */
export function countNonFinite({ dtype, origin }: InitializerValue, bytes: Uint8Array): NonFinite | undefined {
  if (dtype !== "float32") return undefined;
  const bits = viewAs(bytes, "uint32") as Uint32Array;
  let nan = 0;
  let inf = 0;
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i]! & 0x7fff_ffff;
    if (magnitude < 0x7f80_0000) continue;
    if (magnitude === 0x7f80_0000) inf++;
    else nan++;
  }
  return nan + inf === 0 ? undefined : { label: origin.payload.label, nan, inf };
}
