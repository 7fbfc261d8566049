import type { Matrix } from "@skipstep/lowbit";
import { quantizeLinear } from "../algorithm/quantize-linear";
import { residualOf, truncatedSvd } from "../algorithm/truncated-svd";
import { groupSize } from "../nunchaku/order";
import { layerOf } from "../to-layer";
import type { Form } from "./low-rank-form";
import { branchOf, fourBitParts, int8Codes, type Parts } from "./parts";

/** A weight that is not quantized yet, without calibration: a branch and a residual, and no smoothing. */
export function partsOf(weight: Matrix, form: Form, rank: number): Parts {
  const { rows, columns } = weight;
  if (form === "w8a8") {
    const branch = truncatedSvd(weight, rank);
    return { ...int8Codes(residualOf(weight, branch), rows, columns), ...branchOf({ ...branch, rows, columns }) };
  }
  const plain = { rank, iterations: 1, activationBits: 16, group: groupSize } as const;
  return fourBitParts(layerOf(quantizeLinear(weight, new Float32Array(columns).fill(1), undefined, plain)));
}
