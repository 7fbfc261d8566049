import type { Weight } from "@skipstep/core/plugin";
import { type BlockType, type Codes, unpackBlocks } from "./blocks/block-type";

/** A packed weight's blocks taken apart, times the scale that its tensor has where it has one. */
export function packedCodes({ packed }: Weight, type: BlockType): Codes {
  const { codes, scales, minima } = unpackBlocks(type, packed!.tensors.blocks!.read().data as Uint8Array);
  const { scale } = packed!.parameters;
  if (typeof scale !== "number") return { codes, scales, minima };
  return { codes, scales: scales.map((value) => value * scale), minima: minima.map((value) => value * scale) };
}
