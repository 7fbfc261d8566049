import { quantizeBlocks } from "./blockwise";
import { type Nearest, nearestIn } from "./codes";

/** Scales that are quantized in their turn: `map[code] * absmax + offset`. */
export interface NestedScales {
  readonly codes: Uint8Array;
  /** float32 `[256]`, ascending */
  readonly map: Float32Array;
  readonly absmax: Float32Array;
  readonly offset: number;
  /** Scales that share one of `absmax`. */
  readonly block: number;
}

const nestedBlock = 256;

/** Quantizes scales to 8 bits around their mean. */
export function nestScales(absmax: Float32Array): NestedScales {
  const offset = meanOf(absmax);
  const rest = absmax.map((scale) => Math.fround(scale - offset));
  const blocks = quantizeBlocks(rest, nestedBlock, nearest());
  return { ...blocks, map: dynamicMap(), offset, block: nestedBlock };
}

export function unnestScales({ codes, map, absmax, offset, block }: NestedScales): Float32Array {
  return Float32Array.from(codes, (code, i) => Math.fround(map[code]! * absmax[Math.floor(i / block)]!) + offset);
}

let known: { map: Float32Array; nearest: Nearest } | undefined;

function nearest(): Nearest {
  known ??= { map: dynamicMap(), nearest: nearestIn(dynamicMap()) };
  return known.nearest;
}

/** The signed 8-bit dynamic type, https://arxiv.org/abs/2110.02861, section 2.1: values of seven sizes, ascending. */
export function dynamicMap(): Float32Array {
  const values = [0, 1];
  for (let size = 0; size < 7; size++) {
    const count = 2 ** size;
    const places = linspace(count + 1);
    const power = Math.fround(10 ** (size - 6));
    for (let j = 0; j < count; j++) {
      const middle = Math.fround((places[j]! + places[j + 1]!) / 2);
      const value = Math.fround(middle * power);
      values.push(value, -value);
    }
  }
  return Float32Array.from(values).sort();
}

/** From 0.1 to 1, as torch rounds it in float32: from both ends towards the middle. */
function linspace(count: number): Float32Array {
  const start = Math.fround(0.1);
  const step = Math.fround((1 - start) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < Math.floor(count / 2) ? start + step * i : 1 - step * (count - 1 - i),
  );
}

/** The offset is stored with the codes that it led to: how a mean is rounded does not matter. */
function meanOf(values: Float32Array): number {
  return Math.fround(values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length));
}
