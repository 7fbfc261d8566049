import type { WeightSource } from "../checkpoint/weight-source";
import type { LoraTensors } from "./lora";
import { finiteValues, readUpdate, type UpdateKind, type UpdateValues } from "./update-kind";
import type { UpdateMatrix } from "./update-matrix";

/** A LoRA's part in one weight: `factor` times the update is added to it, or it takes the weight's place. */
export interface WeightUpdate {
  /** The LoRA's file, and tensors in it. */
  readonly file: string;
  readonly kind: UpdateKind;
  readonly tensors: LoraTensors;
  /** `scale * alpha / rank` */
  readonly factor: number;
  readonly magnitude?: Magnitude;
  readonly parts: readonly UpdatePart[];
}

/** Rows of an update that rows of a weight take. */
export interface UpdatePart {
  /** The first row in the weight, and the first in the update. */
  readonly at: number;
  readonly from: number;
  readonly count: number;
}

/** DoRA, https://arxiv.org/abs/2402.09353: what is changed is divided by its norm and multiplied with this. */
export interface Magnitude {
  /** One number a row, or a column (input channel). */
  readonly tensor: string;
  readonly over: "rows" | "columns";
}

/**
 * Adds what LoRAs say of one weight. What depends on the weight depends on it as it was, as where adapters run beside it.
 * @param values `[N, K]` with all axes but the first as one; changed in place
 */
export function addUpdates(
  values: Float32Array,
  shape: readonly number[],
  updates: readonly WeightUpdate[],
  sourceOf: (file: string) => WeightSource,
): void {
  const read = (update: WeightUpdate): UpdateMatrix => readUpdate(update.kind, valuesIn(update, sourceOf(update.file)));
  for (const update of updates) if (update.kind === "set") setRows(values, update, read(update));
  const added = updates.filter(({ kind }) => kind !== "set");
  const isMixed = added.length > 1 && added.some(({ magnitude }) => magnitude !== undefined);
  const before = isMixed ? values.slice() : values;
  for (const update of added)
    if (update.magnitude) addDecomposed(values, before, shape, update, read(update), sourceOf(update.file));
    else addRows(values, update, read(update));
}

/** The tensors of an update, to be read from its file. */
export function valuesIn(
  { file, tensors }: Pick<WeightUpdate, "file" | "tensors">,
  source: WeightSource,
): UpdateValues {
  return {
    file,
    tensors,
    shapeOf: (tensor) => source.entry(tensor).shape,
    valuesOf: (tensor) => source.readFloat32(tensor),
  };
}

function setRows(values: Float32Array, { parts }: WeightUpdate, matrix: UpdateMatrix): void {
  for (const [line, row] of rowsOf(values, parts, matrix)) {
    line.fill(0);
    matrix.addRow(line, row, 1);
  }
}

function addRows(values: Float32Array, { factor, parts }: WeightUpdate, matrix: UpdateMatrix): void {
  for (const [line, row] of rowsOf(values, parts, matrix)) matrix.addRow(line, row, factor);
}

/** Lines of a weight, and the update's rows for them. */
function* rowsOf(
  values: Float32Array,
  parts: readonly UpdatePart[],
  { columns }: UpdateMatrix,
): Generator<[line: Float32Array, row: number, at: number]> {
  for (const { at, from, count } of parts)
    for (let i = 0; i < count; i++)
      yield [values.subarray((at + i) * columns, (at + i + 1) * columns), from + i, at + i];
}

/** @param before the weight as it was; may be `values` themselves */
function addDecomposed(
  values: Float32Array,
  before: Float32Array,
  shape: readonly number[],
  update: WeightUpdate,
  matrix: UpdateMatrix,
  source: WeightSource,
): void {
  const { factor, magnitude, parts } = update;
  const { tensor, over } = magnitude!;
  const lengths = finiteValues(valuesIn(update, source), tensor);
  const changed = before.slice();
  for (const [line, row] of rowsOf(changed, parts, matrix)) matrix.addRow(line, row, factor);
  const { columns } = matrix;
  const pixels = columns / Math.max(1, shape[1] ?? 1);
  const ratios = over === "rows" ? undefined : columnRatios(lengths, changed, columns, pixels);
  for (const { at, from, count } of parts)
    for (let i = 0; i < count; i++) {
      const start = (at + i) * columns;
      const own = ratios ? 0 : ratio(lengths[from + i]!, Math.sqrt(squares(changed, start, columns)));
      for (let k = 0; k < columns; k++) {
        const times = ratios ? ratios[k]! : own;
        values[start + k] = values[start + k]! + (times * changed[start + k]! - before[start + k]!);
      }
    }
}

/** A row of zeros has no direction, and stays. */
function ratio(length: number, norm: number): number {
  return norm === 0 ? 1 : length / norm;
}

function squares(values: Float32Array, start: number, length: number): number {
  let sum = 0;
  for (let k = start; k < start + length; k++) sum += values[k]! ** 2;
  return sum;
}

/** Of each column, by the norm of its input channel over all rows and pixels. */
function columnRatios(lengths: Float32Array, values: Float32Array, columns: number, pixels: number): Float64Array {
  const norms = new Float64Array(columns / pixels);
  for (let k = 0; k < values.length; k++) norms[Math.floor((k % columns) / pixels)]! += values[k]! ** 2;
  const ratios = norms.map((norm, channel) => ratio(lengths[channel]!, Math.sqrt(norm)));
  return Float64Array.from({ length: columns }, (_, k) => ratios[Math.floor(k / pixels)]!);
}
