import type { Tensor, Weight, WeightForm } from "@skipstep/core/plugin";
import { roundHalfEven } from "@skipstep/core/plugin";
import { derived, nBitsForm, nBitsSizes, packNBits } from "@skipstep/lowbit";
import { groupSize } from "../nunchaku/order";

/** A W4A16 weight, `codes scales + zeros`: zeros are whole multiples of the scales, -7 of them from symmetric sources. */
export function awqForm(weight: Weight): WeightForm {
  const [rows, columns] = weight.shape as [number, number];
  const { tensors } = weight.packed!;
  const floats = (name: string): Float32Array => (tensors[name]!.read() as Tensor<Float32Array>).data;
  const layout = { bits: 4, rows, columns, block: groupSize } as const;
  const { codes, scales, zeroPoints } = nBitsSizes(layout);
  const parts = derived(weight, "svdquant:awq", { codes, scales, zeroPoints }, () => {
    const [steps, zeros] = [floats("scales"), floats("zeros")];
    const points = Uint8Array.from(zeros, (zero, i) =>
      Math.min(15, Math.max(0, roundHalfEven(-zero / steps[i]!) || 0)),
    );
    const rounded = { bits: 4, scheme: "asymmetric", per: groupSize, rows, columns, scales: steps } as const;
    return packNBits({ ...rounded, codes: tensors.codes!.read().data as Uint8Array, zeroPoints: points }, groupSize);
  });
  return nBitsForm("awq", { ...layout, ...parts });
}
