import type { FormatTensor, OpenWeights, PackedTensor, PackedWeight } from "@skipstep/core/plugin";
import { layoutBroken } from "../errors";
import { denseRows, rowsOf, type SvdLayer } from "./layer";
import type { Module } from "./names";
import { groupSize } from "./order";
import type { LayerReader, LayerSize } from "./read-layer";
import type { StoredLayer } from "./stored-layers";

/** The format of weights that a hook stores as they are. */
export const packedFormat = "svdquant:int4";

/** What one layer of the model is read from. */
export interface ModuleSource {
  readonly module: Module;
  readonly layers: readonly StoredLayer[];
  /** Of the stored layers, without what they are filled up with. */
  readonly sizes: readonly LayerSize[];
  readonly reader: LayerReader;
  readonly source: OpenWeights;
}

/** Weight and bias of a layer of SVDQuant, by the model's names. */
export function svdTensors(of: ModuleSource): [name: string, tensor: FormatTensor][] {
  const { module, layers } = of;
  const { rows, columns } = sizeOf(of);
  const read = (): SvdLayer => moduleLayer(of);
  const place = placeOf(of);
  const weight: FormatTensor = {
    dtype: "float32",
    shape: [rows, columns],
    ...place,
    readRows: (first, count) => bytesOf(denseRows(read(), first, count)),
    packed: packedLayer(of, read),
  };
  const bias = layers.some((layer) => layer.bias !== undefined) || module.shifts.some((shift) => shift !== 0);
  return [[`${module.name}.weight`, weight], ...(bias ? [biasTensor(of, rows, () => svdBias(of))] : [])];
}

function sizeOf({ module, sizes }: ModuleSource): LayerSize {
  return {
    rows: sizes[0]!.rows / module.parts,
    columns: sizes.reduce((sum, { columns }) => sum + columns, 0),
  };
}

export function placeOf({ layers, source }: ModuleSource): Pick<FormatTensor, "file" | "offset"> {
  const { file, offset } = source.entry(layers[0]!.tensors.codes);
  return { file, offset };
}

/** The layer of the model: some rows of a stored one, or several side by side. */
function moduleLayer(of: ModuleSource): SvdLayer {
  const { module, layers, sizes, reader } = of;
  const { rows } = sizeOf(of);
  const parts = layers.map((layer, i) => rowsOf(reader.read(layer, sizes[i]!), module.part * rows, rows));
  return parts.length === 1 ? parts[0]! : parts.reduce(sideBySide);
}

/** Inputs of `a`, then those of `b`; the branches add up. */
function sideBySide(a: SvdLayer, b: SvdLayer): SvdLayer {
  const { rows } = a;
  const [columns, rank] = [a.columns + b.columns, a.rank + b.rank];
  const down = new Float32Array(rank * columns);
  for (let i = 0; i < a.rank; i++) down.set(a.down.subarray(i * a.columns, (i + 1) * a.columns), i * columns);
  for (let i = 0; i < b.rank; i++)
    down.set(b.down.subarray(i * b.columns, (i + 1) * b.columns), (a.rank + i) * columns + a.columns);
  const joined = <Part extends Int8Array | Float32Array>(result: Part, left: Part, right: Part): Part => {
    const [width, more] = [left.length / rows, right.length / rows];
    for (let row = 0; row < rows; row++) {
      result.set(left.subarray(row * width, (row + 1) * width), row * (width + more));
      result.set(right.subarray(row * more, (row + 1) * more), row * (width + more) + width);
    }
    return result;
  };
  return {
    rows,
    columns,
    rank,
    codes: joined(new Int8Array(rows * columns), a.codes, b.codes),
    scales: joined(new Float32Array(a.scales.length + b.scales.length), a.scales, b.scales),
    smooth: Float32Array.from([...a.smooth, ...b.smooth]),
    down,
    up: joined(new Float32Array(rows * rank), a.up, b.up),
  };
}

/** The biases' sum, with what was taken from them for shifted inputs: `b + W / smooth shift`. */
function svdBias(of: ModuleSource): Float32Array {
  const { module, layers, sizes, reader } = of;
  const { rows } = sizeOf(of);
  const first = module.part * rows;
  const sum = new Float32Array(rows);
  for (const [i, stored] of layers.entries()) {
    const bias = reader.bias(stored, sizes[i]!.rows).subarray(first, first + rows);
    const shift = module.shifts[i]!;
    const layer = shift === 0 ? undefined : rowsOf(reader.read(stored, sizes[i]!), first, rows);
    for (let row = 0; row < rows; row++) sum[row]! += bias[row]! + (layer ? shift * rowSum(layer, row) : 0);
  }
  return sum;
}

/** Of the residual alone: the branch acts on inputs without shift. */
function rowSum({ columns, codes, scales, smooth }: SvdLayer, row: number): number {
  const groups = Math.ceil(columns / groupSize);
  let sum = 0;
  for (let k = 0; k < columns; k++) sum += (codes[row * columns + k]! * scales[row * groups + (k >> 6)]!) / smooth[k]!;
  return sum;
}

export function biasTensor(of: ModuleSource, rows: number, read: () => Float32Array): [string, FormatTensor] {
  const readRows = (first: number, count: number): Uint8Array => bytesOf(read().slice(first, first + count));
  return [`${of.module.name}.bias`, { dtype: "float32", shape: [rows], ...placeOf(of), readRows }];
}

function packedLayer(of: ModuleSource, read: () => SvdLayer): PackedWeight {
  const { layers, sizes, reader } = of;
  const { rows, columns } = sizeOf(of);
  const rank = layers.reduce((sum, layer) => sum + layer.rank, 0);
  const groups = sizes.reduce((sum, size) => sum + Math.ceil(size.columns / groupSize), 0);
  const floats = (shape: readonly number[], values: () => Float32Array): PackedTensor => ({
    dtype: "float32",
    shape,
    read: () => ({ dtype: "float32", shape, data: values() }),
  });
  const codes = [rows, columns];
  return {
    format: packedFormat,
    byteLength: (rows * columns) / 2 + 2 * (rows * groups + columns + rank * (rows + columns)),
    tensors: {
      codes: { dtype: "int8", shape: codes, read: () => ({ dtype: "int8", shape: codes, data: read().codes }) },
      scales: floats([rows, groups], () => read().scales),
      smooth: floats([columns], () =>
        Float32Array.from(layers.flatMap((layer, i) => [...reader.smooth(layer, sizes[i]!.columns)])),
      ),
      down: floats([rank, columns], () => read().down),
      up: floats([rows, rank], () => read().up),
    },
    parameters: { rank, group_size: groupSize },
  };
}

export function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** @throws SKIPSTEP_SVDQUANT_LAYOUT where rows do not divide among the layers that are fused */
export function checkParts({ module, sizes, layers }: ModuleSource, path: string): void {
  const [size] = sizes;
  if (size!.rows % module.parts !== 0)
    throw layoutBroken(path, layers[0]!.name, `has ${size!.rows} rows, which are not ${module.parts} equal parts`);
  if (layers.length > 1 && sizes.slice(0, -1).some(({ columns }) => columns % groupSize !== 0))
    throw layoutBroken(path, layers[0]!.name, `has ${size!.columns} inputs, which are no multiple of ${groupSize}`);
}
