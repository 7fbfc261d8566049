import { type FormatTensor, type OpenWeights, type PackedWeight, sizeOf } from "@skipstep/core/plugin";
import { dequantizeHalves } from "./blockwise";
import { isUsualTable, type QuantState, readCodes, readQuantState, readScales } from "./quant-state";
import { roundTo } from "./stored-dtype";

/** A weight in 4 bits as models see it: float32, rounded to the type that it had. @throws SKIPSTEP_BNB_INVALID */
export function fourBitTensor(tensors: OpenWeights, path: string, weight: string): FormatTensor {
  const state = readQuantState(tensors, path, weight);
  const { file, offset } = tensors.entry(weight);
  const { shape, block, dtype } = state;
  const width = sizeOf(shape) / shape[0]!;
  const readRows = (first: number, count: number): Uint8Array => {
    const [from, length] = [first * width, count * width];
    const codes = readCodes(tensors, weight, from >> 1, (from + length + 1) >> 1);
    const table = tensors.readFloat32(`${weight}.quant_map`);
    const scales = readScales(tensors, weight, state);
    return new Uint8Array(roundTo(dequantizeHalves(codes, scales, block, table, from, length), dtype).buffer);
  };
  const packed = isUsualTable(tensors, weight, state.type)
    ? packedRows(tensors, weight, state, 0, shape[0]!)
    : undefined;
  return { dtype: "float32", shape, file, offset, readRows, ...(packed ? { packed } : {}) };
}

/** Rows that begin and end with a block. */
function packedRows(
  tensors: OpenWeights,
  weight: string,
  state: QuantState,
  first: number,
  count: number,
): PackedWeight {
  const { type, block, shape } = state;
  const width = sizeOf(shape) / shape[0]!;
  const [from, end] = [first * width, (first + count) * width];
  const codes = { dtype: "uint8", shape: [(end - from + 1) >> 1] } as const;
  const absmax = { dtype: "float32", shape: [Math.ceil((end - from) / block)] } as const;
  const firstBlock = from / block;
  return {
    format: `bnb:${type}`,
    byteLength: codes.shape[0] + (state.nested ? 1 : 4) * absmax.shape[0],
    parameters: { quant_type: type, block_size: block },
    tensors: {
      codes: { ...codes, read: () => ({ ...codes, data: readCodes(tensors, weight, from >> 1, (end + 1) >> 1) }) },
      absmax: {
        ...absmax,
        read: () => ({
          ...absmax,
          data: readScales(tensors, weight, state).slice(firstBlock, firstBlock + absmax.shape[0]),
        }),
      },
    },
    rows: (start, rows) =>
      ((first + start) * width) % block === 0 ? packedRows(tensors, weight, state, first + start, rows) : undefined,
  };
}
