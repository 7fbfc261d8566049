import {
  dequantize,
  type Matrix,
  type Rounded,
  roundToNearest,
  roundWith,
  type Scales,
  scalesOf,
  throughFloat16,
} from "@skipstep/lowbit";

const signed4 = (group: number) => ({ bits: 4, scheme: "symmetric", per: group }) as const;

/** What activations are rounded to, a scale a group or a token: 16 leaves them as they are. */
export type ActivationBits = 4 | 8 | 16;

/** Activations `[T, K]` as a layer sees them. */
export function roundedActivations(inputs: Matrix, bits: ActivationBits, group: number): Matrix {
  if (bits === 16) return inputs;
  const { values, rows, columns } = inputs;
  const options = bits === 4 ? signed4(group) : ({ bits: 8, scheme: "symmetric", per: "row" } as const);
  return { ...inputs, values: dequantize(roundToNearest(values, rows, columns, options)) };
}

/** Codes -7..7; scales `max / 7` of each group, rounded to float16, in which they are stored. */
export function roundedWeights(weight: Matrix, group: number): Rounded {
  return roundWith(weight.values, weightScales(weight, group));
}

export function weightScales({ values, rows, columns }: Matrix, group: number): Scales {
  const found = scalesOf(values, rows, columns, signed4(group));
  return { ...found, scales: throughFloat16(found.scales) };
}
