import { sizeOf, type TensorEntry } from "@skipstep/core/plugin";
import { isPacked } from "../container/header";
import { isSensitive } from "../sensitive";
import type { Rule } from "./rules";
import { type WrittenType, writtenTypeNamed } from "./written-types";

const f32 = writtenTypeNamed("F32")!;
const f16 = writtenTypeNamed("F16")!;

/** What llama.cpp takes where blocks of 256 do not divide a row: a type of 32 elements that loses no more. */
const smaller: Readonly<Record<string, string>> = {
  Q2_K: "Q4_0",
  Q3_K: "Q4_0",
  Q4_K: "Q5_0",
  Q5_K: "Q5_1",
  Q6_K: "Q8_0",
  IQ4_XS: "IQ4_NL",
};

/** Fewer elements than this are not worth rounding. */
const fewest = 1024;

export interface Chosen {
  readonly type: WrittenType;
  /** Set where a rule, or the command's type, could not be followed. */
  readonly instead?: WrittenType;
}

/**
 * The type that a tensor is written in: the first rule's that fits; float32 for vectors and small tensors; float16 for
 * what is sensitive; else the type that was asked for. Rows that its blocks do not divide get smaller blocks, or float16.
 */
export function chooseType({ name, shape }: TensorEntry, type: WrittenType, rules: readonly Rule[]): Chosen {
  const rule = rules.find(({ fits }) => fits(name));
  if (rule) return dividing(shape, rule.type);
  const isSmall = shape.length < 2 || sizeOf(shape) <= fewest || !name.endsWith(".weight");
  if (isSmall) return { type: f32 };
  if (isSensitive(name)) return { type: isPacked(type) ? f16 : type };
  return dividing(shape, type);
}

function dividing(shape: readonly number[], type: WrittenType): Chosen {
  if (divides(shape, type)) return { type };
  const other = writtenTypeNamed(smaller[type.name] ?? "F16")!;
  return { type: divides(shape, other) ? other : f16, instead: type };
}

function divides(shape: readonly number[], type: WrittenType): boolean {
  return !isPacked(type) || (shape.length > 0 && shape.at(-1)! % type.size === 0);
}
