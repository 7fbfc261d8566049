import { sizeOf } from "../../../tensor";
import { addTiles, gridOf, kept, multiplyTiles } from "./grid";
import type { ModuleWeight, StoredModule } from "./stored-module";
import { tilesOf } from "./tiles-of";

/** Scales of inputs and outputs, which round them only. */
const beside = ["input_scale", "output_scale"];

/** A weight as optimum-quanto stores it, https://github.com/huggingface/optimum-quanto: 8 bits with a scale a row. */
export function quantoBytes(module: StoredModule): ModuleWeight | undefined {
  if (!module.has("weight._data") || !module.has("weight._scale")) return undefined;
  const { dtype, shape } = module.entry("weight._data");
  const width = sizeOf(shape.slice(1));
  const tiles = tilesOf(module, "weight._scale", shape);
  return {
    kind: `quanto:${dtype}`,
    shape,
    uses: ["weight._data", "weight._scale", ...beside],
    rows(first, count) {
      const values = module.numbers("weight._data", first, count);
      multiplyTiles(values, tiles, width, first, count);
      return values;
    },
  };
}

/**
 * 4 or 2 bits with a scale and a shift for each group of a row. The rows of groups `[groups, members]` are packed in
 * twos or fours from the two halves or four quarters of all; how many groups make a row of the weight is not stored.
 */
export function quantoBits(module: StoredModule): ModuleWeight | undefined {
  const data = "weight._data._data";
  if (!module.has(data) || !module.has("weight._scale") || !module.has("weight._shift")) return undefined;
  const [packed = 1, ...inner] = module.entry(data).shape;
  const members = sizeOf(inner);
  const groups = sizeOf(module.entry("weight._scale").shape);
  const perByte = [4, 2].find((count) => Math.ceil(groups / count) === packed);
  const shifts = module.entry("weight._shift");
  if (perByte === undefined || sizeOf(shifts.shape) !== groups)
    throw module.broken(
      data,
      `is [${packed}, ${inner.join(", ")}] for ${groups} scales and ${sizeOf(shifts.shape)} shifts`,
    );
  const bits = 8 / perByte;
  const isWhole = !/^(float|bfloat)/.test(shifts.dtype); // zero points in the codes' own steps
  const scale = { grid: gridOf(groups, members, [groups])!, read: kept(() => module.floats("weight._scale")) };
  const shift = { ...scale, read: kept(() => module.floats("weight._shift")) };

  const readGroups = (first: number, count: number): Float32Array => {
    const values = new Float32Array(count * members);
    for (let done = 0; done < count; ) {
      const [line, place] = [(first + done) % packed, Math.floor((first + done) / packed)];
      const run = Math.min(count - done, packed - line);
      const bytes = module.bytes(data, line, run);
      const [shift, mask, from] = [bits * place, 2 ** bits - 1, done * members];
      for (let i = 0; i < bytes.length; i++) values[from + i] = (bytes[i]! >> shift) & mask;
      done += run;
    }
    if (isWhole) addTiles(values, shift, -1, members, first, count);
    multiplyTiles(values, scale, members, first, count);
    if (!isWhole) addTiles(values, shift, -1, members, first, count);
    return values;
  };
  const shaped = (shape: readonly number[]): ModuleWeight | undefined => {
    const perRow = sizeOf(shape.slice(1)) / members;
    if (!Number.isInteger(perRow) || (shape[0] ?? 1) * perRow !== groups) return undefined;
    return {
      kind: `quanto:int${bits}`,
      shape,
      uses: [data, "weight._scale", "weight._shift", ...beside],
      rows: (first, count) => readGroups(first * perRow, count * perRow),
    };
  };
  const rows = module.has("bias") ? sizeOf(module.entry("bias").shape) : groups;
  const weight = shaped([rows, (groups * members) / rows]) ?? shaped([groups, members])!;
  return { ...weight, fit: shaped };
}
