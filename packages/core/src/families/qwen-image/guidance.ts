import { type Floats, floats } from "../../tensor";
import { packLatents, unpackLatents } from "../blocks/packed-latents";

/**
 * Brings each token of a guided prediction back to the length that the prompt's has.
 * @param guided `[B, C, h, w]` @param cond `[B, C, h, w]`
 */
export function withTokenLengths(guided: Floats, cond: Floats): Floats {
  const [, , height, width] = cond.shape as [number, number, number, number];
  return unpackLatents(withLengths(packLatents(guided), packLatents(cond)), height, width);
}

/** @param tokens `[B, T, D]` @param others whose rows have the wanted lengths */
function withLengths({ shape, data }: Floats, { data: others }: Floats): Floats {
  const width = shape[2]!;
  const result = floats(shape);
  for (let at = 0; at < data.length; at += width) {
    const length = lengthOf(data, at, width);
    const factor = length === 0 ? 1 : lengthOf(others, at, width) / length;
    for (let i = at; i < at + width; i++) result.data[i] = data[i]! * factor;
  }
  return result;
}

function lengthOf(data: Float32Array, at: number, width: number): number {
  let sum = 0;
  for (let i = at; i < at + width; i++) sum += data[i]! ** 2;
  return Math.sqrt(sum);
}
