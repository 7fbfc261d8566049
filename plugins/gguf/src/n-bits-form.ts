import type { Weight, WeightForm } from "@skipstep/core/plugin";
import {
  blocksPerRow,
  derived,
  isNBitsBlock,
  type NBitsActivations,
  type NBitsLayout,
  nBitsForm,
  nBitsSizes,
  packCodes,
} from "@skipstep/lowbit";
import type { BlockType } from "./blocks/block-type";
import { packedCodes } from "./packed-codes";

/**
 * A linear weight for MatMulNBits, without loss: the same whole numbers with the same scales, in four bits where they fit.
 * @param activations rounded to int8 they are multiplied faster
 * @returns `undefined` where the kernel cannot take the type's groups
 */
export function nBitsWeightForm(
  weight: Weight,
  type: BlockType,
  activations: NBitsActivations,
): WeightForm | undefined {
  const [rows, columns] = weight.shape as [number, number];
  const { group } = type;
  if (!isNBitsBlock(group)) return undefined;
  const layout = { ...codeLayout(type), rows, columns, block: group };
  const { codes: codeBytes, scales: scaleBytes, ...more } = nBitsSizes(layout);
  const isShifted = layout.zero !== defaultZero(layout.bits);
  const sizes = {
    codes: codeBytes,
    scales: scaleBytes,
    ...(isShifted ? { zeroPoints: more.zeroPoints } : {}),
    ...(type.hasMinima ? { minima: more.minima } : {}),
  } as Record<Part, number>;
  const { codes, scales, zeroPoints, minima } = derived(weight, `gguf:${type.name}:centered`, sizes, () =>
    parts(weight, type, layout),
  );
  const stored = {
    ...layout,
    codes,
    scales,
    ...(isShifted ? { zeroPoints } : {}),
    ...(type.hasMinima ? { minima } : {}),
  };
  const form = `${type.name} in ${layout.bits} bits`;
  return activations === "float32"
    ? nBitsForm(form, stored, activations)
    : { ...nBitsForm(`${form} with int8 activations`, stored, activations), noise: int8Noise };
}

/** Activations rounded to int8 a group at a time; measured on normally distributed ones, see test/noise.test.ts. */
const int8Noise = 0.005;

type Part = "codes" | "scales" | "zeroPoints" | "minima";

interface CodeLayout extends Pick<NBitsLayout, "bits"> {
  /** What is added to codes, so that none is negative. */
  readonly zero: number;
  /**
   * What is taken from codes first, and added to minima as so many scales: numbers around 0 make less of the rounding of
   * what they are multiplied with, 0.5 % and not 1.3.
   */
  readonly center: number;
}

/** Whether a type's codes fit into four bits. */
export function isFourBits({ range: [least, most] }: BlockType): boolean {
  return most - least <= 15;
}

function codeLayout(type: BlockType): CodeLayout {
  const [least, most] = type.range;
  const center = type.hasMinima ? Math.ceil((least + most) / 2) : 0;
  if (!isFourBits(type)) return { bits: 8, zero: 128, center };
  return { bits: 4, zero: least - center >= -8 && most - center <= 7 ? 8 : center - least, center };
}

/** What MatMulNBits takes away where it is not told. */
function defaultZero(bits: 4 | 8): number {
  return 2 ** (bits - 1);
}

function parts(weight: Weight, type: BlockType, layout: NBitsLayout & CodeLayout): Record<Part, ArrayBufferView> {
  const { codes, scales, minima } = packedCodes(weight, type);
  const { bits, zero, center, rows } = layout;
  const unsigned = Uint8Array.from(codes, (code) => code - center + zero);
  const zeros = new Uint8Array(rows * Math.ceil((blocksPerRow(layout) * bits) / 8));
  return {
    codes: packCodes(unsigned, bits),
    scales,
    zeroPoints: zeros.fill(bits === 4 ? zero | (zero << 4) : zero),
    minima: minima.map((minimum, i) => minimum + center * scales[i]!),
  };
}
