import { type BlockType, dequantize, quantize } from "../blocks/block-type";

/** What rounding did to numbers. */
export interface RoundingError {
  /** Sums of squares: of what was lost, and of all there was. */
  readonly lost: number;
  readonly whole: number;
  /** Numbers that are infinite or none. */
  readonly nonFinite: number;
}

export const noError: RoundingError = { lost: 0, whole: 0, nonFinite: 0 };

/** Some rows of a tensor in blocks. */
export interface RoundedChunk {
  readonly bytes: Uint8Array;
  readonly error: RoundingError;
}

/** @param values whole rows @param importance one a column */
export function roundChunk(type: BlockType, values: Float32Array, importance: Float32Array | undefined): RoundedChunk {
  const bytes = quantize(type, values, importance);
  return { bytes, error: errorOf(values, dequantize(type, bytes)) };
}

export function addErrors(a: RoundingError, b: RoundingError): RoundingError {
  return { lost: a.lost + b.lost, whole: a.whole + b.whole, nonFinite: a.nonFinite + b.nonFinite };
}

export function errorOf(values: Float32Array, stored: Float32Array): RoundingError {
  let [lost, whole, nonFinite] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const [value, difference] = [values[i]!, values[i]! - stored[i]!];
    if (!Number.isFinite(value)) nonFinite++;
    else {
      lost += difference * difference;
      whole += value * value;
    }
  }
  return { lost, whole, nonFinite };
}
