import type { DType } from "../tensor";
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

/** By type: its elements' sign apart, from where on they are no numbers. */
const forms = {
  float32: { elements: "uint32", magnitude: 0x7fff_ffff, infinity: 0x7f80_0000 },
  float16: { elements: "uint16", magnitude: 0x7fff, infinity: 0x7c00 },
  bfloat16: { elements: "uint16", magnitude: 0x7fff, infinity: 0x7f80 },
} as const;

/** Counts NaN and Inf of an initializer of floats; `undefined` when there are none, or when it is of another type. */
export function countNonFinite({ dtype, origin }: InitializerValue, bytes: Uint8Array): NonFinite | undefined {
  if (!isFloat(dtype)) return undefined;
  const { elements, magnitude, infinity } = forms[dtype];
  const bits = viewAs(bytes, elements) as Uint32Array | Uint16Array;
  let nan = 0;
  let inf = 0;
  for (let i = 0; i < bits.length; i++) {
    const size = bits[i]! & magnitude;
    if (size < infinity) continue;
    if (size === infinity) inf++;
    else nan++;
  }
  return nan + inf === 0 ? undefined : { label: origin.payload.label, nan, inf };
}

function isFloat(dtype: DType): dtype is keyof typeof forms {
  return dtype in forms;
}
