import { type Payload, sizeOf, type Weight } from "@skipstep/core/plugin";

/** A convolution's weight in int8: `code * scale`, one scale an output channel. */
export interface FilterCodes {
  /** int8 `[kh kw C, N]`: the order of the patches that it is multiplied with. */
  readonly codes: Payload;
  /** float32 `[N]` */
  readonly scales: Payload;
}

interface Rounded {
  readonly codes: Int8Array;
  readonly scales: Float32Array;
}

/** Rounds to nearest, symmetric: the largest of a channel becomes 127. */
export function filterCodes(weight: Weight): FilterCodes {
  // Both parts are written one after the other; what the first made is kept for the second, and no longer.
  let kept: Rounded | undefined;
  const payload = (part: keyof Rounded, byteLength: number): Payload => ({
    key: `channels-last:${part}:${weight.key}`,
    label: `${weight.name}.${part}`,
    byteLength,
    bytes: () => {
      const made = kept ?? rounded(weight.read(), weight.shape);
      kept = kept ? undefined : made;
      const { buffer } = made[part];
      return new Uint8Array(buffer);
    },
  });
  return { codes: payload("codes", sizeOf(weight.shape)), scales: payload("scales", 4 * weight.shape[0]!) };
}

/** @param values `[N, C, kh, kw]` */
function rounded(values: Float32Array, shape: readonly number[]): Rounded {
  const [outChannels, inChannels, ...kernel] = shape as [number, number, ...number[]];
  const area = sizeOf(kernel);
  const codes = new Int8Array(values.length);
  const scales = new Float32Array(outChannels);
  for (let n = 0; n < outChannels; n++) {
    const filter = values.subarray(n * inChannels * area, (n + 1) * inChannels * area);
    let most = 0;
    for (const value of filter) most = Math.max(most, Math.abs(value));
    const scale = Math.fround(most / 127);
    scales[n] = scale;
    if (scale === 0) continue;
    for (let c = 0, at = 0; c < inChannels; c++)
      for (let k = 0; k < area; k++, at++)
        codes[(k * inChannels + c) * outChannels + n] = Math.round(filter[at]! / scale);
  }
  return { codes, scales };
}
