import { halfBytes } from "../graph/payload";
import type { Payload, Value } from "../graph/value";
import { type HalfType, itemSize, sizeOf } from "../tensor";
import type { InitializerValue } from "./weights-layout";

/** Whether a filter's input channels lie in blocks; fewer than a block are taken one by one. @param filter `[N, C, kh, kw]` */
export function hasInputBlocks({ shape }: Value, block: number): boolean {
  return (shape[1] as number) >= block;
}

/**
 * A convolution's filter as MLAS reads it: blocks of output channels; in each, blocks of input channels, then the
 * kernel's rows and columns, then input and output channel within the block. Channels are filled up to whole blocks with
 * zeros. Input channels that are fewer than a block are no blocks: the kernel takes them one by one.
 * @param filter float32 `[N, C, kh, kw]`
 */
export function blockedFilter(filter: InitializerValue, block: number): InitializerValue {
  const [outChannels, inChannels, rows, columns] = filter.shape as [number, number, number, number];
  const inBlock = hasInputBlocks(filter, block) ? block : 1;
  const shape = [filled(outChannels, block), filled(inChannels, inBlock), rows, columns];
  return converted(filter, `blocked ${block}`, shape, (values) =>
    inBlocks(values, [outChannels, inChannels, rows * columns], block, inBlock),
  );
}

/** @param bias float32 `[N]` @returns `[N]` filled up to whole blocks */
export function blockedBias(bias: InitializerValue, block: number): InitializerValue {
  const [channels] = bias.shape as [number];
  const length = filled(channels, block);
  if (length === channels) return bias;
  return converted(bias, `filled ${length}`, [length], (values) => {
    const result = new Float32Array(length);
    result.set(values);
    return result;
  });
}

function converted(
  value: InitializerValue,
  form: string,
  shape: readonly number[],
  convert: (values: Float32Array) => Float32Array,
): InitializerValue {
  const { payload } = value.origin;
  const floats = (): Float32Array => {
    const { buffer, byteOffset, byteLength } = payload.bytes();
    return convert(new Float32Array(buffer, byteOffset, byteLength / itemSize.float32));
  };
  const made: Payload = {
    key: `${payload.key}:${form}`,
    label: payload.label,
    byteLength: sizeOf(shape) * itemSize.float32,
    bytes: () => {
      const result = floats();
      return new Uint8Array(result.buffer, result.byteOffset, result.byteLength);
    },
    ...(payload.half ? { half: (dtype: HalfType) => halfBytes(payload.label, floats(), dtype) } : {}),
  };
  return { ...value, name: `${value.name}/${form}`, shape, origin: { kind: "initializer", payload: made } };
}

/** @param area elements of a kernel */
function inBlocks(
  values: Float32Array,
  [outChannels, inChannels, area]: readonly [outChannels: number, inChannels: number, area: number],
  block: number,
  inBlock: number,
): Float32Array {
  const result = new Float32Array(filled(outChannels, block) * filled(inChannels, inBlock) * area);
  const stride = inChannels * area;
  let at = 0;
  for (let out = 0; out < outChannels; out += block) {
    const outs = Math.min(block, outChannels - out);
    for (let inn = 0; inn < inChannels; inn += inBlock) {
      const inns = Math.min(inBlock, inChannels - inn);
      for (let k = 0; k < area; k++, at += block * inBlock)
        for (let i = 0; i < inns; i++) {
          const to = at + i * block;
          let from = out * stride + (inn + i) * area + k;
          for (let o = 0; o < outs; o++, from += stride) result[to + o] = values[from]!;
        }
    }
  }
  return result;
}

function filled(channels: number, block: number): number {
  return Math.ceil(channels / block) * block;
}
