import type { Weight, WeightForm } from "@skipstep/core/plugin";
import type { BlockType } from "./blocks/block-type";
import { dequantizedForm } from "./dequantized-form";
import { isFourBits, nBitsWeightForm } from "./n-bits-form";

/** What multiplies with packed weights: `exact` takes what goes in as it is, `int8` rounds it to whole numbers. */
export type Kernel = "exact" | "int8";

/**
 * A linear weight that stays packed, without loss, by the fastest kernel of ONNX Runtime for its type.
 * @returns `undefined` where there is none for the type's groups
 */
export function packedForm(weight: Weight, type: BlockType, kernel: Kernel): WeightForm | undefined {
  if (weight.shape[1]! % type.group !== 0) return undefined;
  if (kernel === "int8") return nBitsWeightForm(weight, type, "int8");
  const fourBits = isFourBits(type) ? nBitsWeightForm(weight, type, "float32") : undefined;
  return fourBits ?? dequantizedForm(weight, type);
}
