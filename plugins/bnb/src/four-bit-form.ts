import type { Weight, WeightForm } from "@skipstep/core/plugin";
import {
  type Bnb4Weight,
  blocksPerRow,
  bnb4Form,
  derived,
  nBitsForm,
  nBitsSizes,
  packNBits,
  roundToNearest,
} from "@skipstep/lowbit";
import { packHalves, quantizeBlocks } from "./blockwise";
import { codeTables, type FourBitType, nearestCode, nearestIn } from "./codes";
import { nestScales, unnestScales } from "./double-quantization";
import type { BnbOptions } from "./options";

type FourBitOptions = Pick<
  BnbOptions,
  "bnb_4bit_quant_type" | "bnb_4bit_blocksize" | "bnb_4bit_use_double_quant" | "bnb_4bit_kernel"
>;

/** A linear weight in 4 bits, quantized when the model is compiled. */
export function fourBitForm(weight: Weight, options: FourBitOptions): WeightForm {
  const { bnb_4bit_quant_type: type, bnb_4bit_blocksize: block, bnb_4bit_use_double_quant: isNested } = options;
  if (options.bnb_4bit_kernel === "int8") return wholeNumberForm(weight, block, "int4", () => weight.read());
  const method = `bnb:${type}:${block}${isNested ? ":double" : ""}`;
  return tableForm(weight, type, block, method, () => {
    const { codes, absmax } = quantizeBlocks(weight.read(), block, nearestIn(codeTables[type]));
    const packed = packHalves(codes, nearestCode(nearestIn(codeTables[type]), 0));
    return { codes: packed, absmax: isNested ? unnestScales(nestScales(absmax)) : absmax };
  });
}

/** A linear weight as a checkpoint of bitsandbytes has it: its bytes as they are. */
export function packedFourBitForm(weight: Weight, kernel: BnbOptions["bnb_4bit_kernel"]): WeightForm {
  const { parameters, tensors } = weight.packed!;
  const type = parameters.quant_type as FourBitType;
  const block = parameters.block_size as number;
  if (kernel === "int8") return wholeNumberForm(weight, block, `int4 of ${type}`, () => weight.read());
  return tableForm(weight, type, block, `bnb:packed:${type}:${block}`, () => ({
    codes: tensors.codes!.read().data,
    absmax: tensors.absmax!.read().data,
  }));
}

function tableForm(
  weight: Weight,
  type: FourBitType,
  block: number,
  method: string,
  make: () => { readonly codes: ArrayBufferView; readonly absmax: ArrayBufferView },
): WeightForm {
  const [rows, columns] = weight.shape as [number, number];
  const count = rows * columns;
  const sizes = { codes: Math.ceil(count / 2), absmax: 4 * Math.ceil(count / block) };
  const stored: Bnb4Weight = { type, rows, columns, block, ...derived(weight, method, sizes, make) };
  return bnb4Form(type, stored);
}

/** 16 equal steps from the least to the largest of each block of a row: what the int8 kernel takes. */
function wholeNumberForm(weight: Weight, asked: number, form: string, read: () => Float32Array): WeightForm {
  const [rows, columns] = weight.shape as [number, number];
  const block = Math.min(128, Math.max(16, asked));
  const layout = { bits: 4, rows, columns, block } as const;
  const { codes, scales, zeroPoints } = nBitsSizes(layout);
  const parts = derived(weight, `bnb:int4:${block}:${blocksPerRow(layout)}`, { codes, scales, zeroPoints }, () =>
    packNBits(roundToNearest(read(), rows, columns, { bits: 4, scheme: "asymmetric", per: block }), block),
  );
  return { ...nBitsForm(form, { ...layout, ...parts }), noise: int8BlockNoise };
}

/** Activations rounded to int8 a block at a time; measured on normally distributed ones, see test/noise.test.ts. */
const int8BlockNoise = 0.005;
