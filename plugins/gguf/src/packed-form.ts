import type { Weight, WeightForm } from "@skipstep/core";
import {
  blocksPerRow,
  derived,
  isNBitsBlock,
  type NBitsLayout,
  nBitsForm,
  nBitsSizes,
  packCodes,
} from "@skipstep/lowbit";
import { type BlockType, type Codes, unpackBlocks } from "./blocks/block-type";

/**
 * A linear weight for MatMulNBits, without loss: the same whole numbers with the same scales, in four bits where they fit.
 * @returns `undefined` where the kernel cannot take the type's groups
 */
export function packedForm(weight: Weight, type: BlockType): WeightForm | undefined {
  const [rows, columns] = weight.shape as [number, number];
  const { group } = type;
  if (!isNBitsBlock(group) || columns % group !== 0) return undefined;
  const layout = { ...codeLayout(type), rows, columns, block: group };
  const { codes: codeBytes, scales: scaleBytes, ...more } = nBitsSizes(layout);
  const isShifted = layout.zero !== defaultZero(layout.bits);
  const sizes = {
    codes: codeBytes,
    scales: scaleBytes,
    ...(isShifted ? { zeroPoints: more.zeroPoints } : {}),
    ...(type.hasMinima ? { minima: more.minima } : {}),
  } as Record<Part, number>;
  const { codes, scales, zeroPoints, minima } = derived(weight, `gguf:${type.name}`, sizes, () =>
    parts(weight, type, layout),
  );
  return nBitsForm(`${type.name} in ${layout.bits} bits`, {
    ...layout,
    codes,
    scales,
    ...(isShifted ? { zeroPoints } : {}),
    ...(type.hasMinima ? { minima } : {}),
  });
}

type Part = "codes" | "scales" | "zeroPoints" | "minima";

interface CodeLayout extends Pick<NBitsLayout, "bits"> {
  /** What is added to codes, so that none is negative. */
  readonly zero: number;
}

function codeLayout({ range: [least, most] }: BlockType): CodeLayout {
  if (most - least > 15) return { bits: 8, zero: 128 };
  return { bits: 4, zero: least >= -8 && most <= 7 ? 8 : -least };
}

/** What MatMulNBits takes away where it is not told. */
function defaultZero(bits: 4 | 8): number {
  return 2 ** (bits - 1);
}

function parts(weight: Weight, type: BlockType, layout: NBitsLayout & CodeLayout): Record<Part, ArrayBufferView> {
  const blocks = weight.packed!.tensors.blocks!.read().data as Uint8Array;
  const { codes, scales, minima } = scaled(unpackBlocks(type, blocks), weight.packed!.parameters.scale);
  const { bits, zero, rows } = layout;
  const unsigned = Uint8Array.from(codes, (code) => code + zero);
  const zeros = new Uint8Array(rows * Math.ceil((blocksPerRow(layout) * bits) / 8));
  return {
    codes: packCodes(unsigned, bits),
    scales,
    zeroPoints: zeros.fill(bits === 4 ? zero | (zero << 4) : zero),
    minima,
  };
}

/** Blocks whose tensor has a scale of its own. */
function scaled({ codes, scales, minima }: Codes, scale: unknown): Codes {
  if (typeof scale !== "number") return { codes, scales, minima };
  return { codes, scales: scales.map((value) => value * scale), minima: minima.map((value) => value * scale) };
}
