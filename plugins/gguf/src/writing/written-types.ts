import { blockTypes } from "../block-types";
import type { BlockType } from "../blocks/block-type";
import { type PlainType, plainTypes } from "../plain-types";

export type WrittenType = PlainType | BlockType;

/** Types that diffusers and ComfyUI read, with the number that `general.file_type` has for files mostly of them. */
const fileTypes: Readonly<Record<string, number>> = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  Q5_0: 8,
  Q5_1: 9,
  Q2_K: 10,
  Q3_K: 12,
  Q4_K: 15,
  Q5_K: 17,
  Q6_K: 18,
  IQ4_NL: 25,
  IQ4_XS: 30,
  BF16: 32,
};

/** Those that `skipstep quantize` writes. */
export const writtenTypes: readonly WrittenType[] = [...plainTypes, ...blockTypes].filter(({ name }) =>
  Object.hasOwn(fileTypes, name),
);

export function fileTypeOf(name: string): number {
  return fileTypes[name]!;
}

export function writtenTypeNamed(name: string): WrittenType | undefined {
  return writtenTypes.find((type) => type.name.toLowerCase() === name.toLowerCase());
}
