import { loraInvalid, loraShape } from "../../errors/lora";
import { sizeOf } from "../../tensor";
import { type Factors, hadamardFactors, kroneckerFactors } from "./factors";
import type { LoraRole, LoraTensors } from "./lora";
import { collected, hadamard, kronecker, type Matrix, product, type UpdateMatrix, whole } from "./update-matrix";

/**
 * A way to write what is added to a weight: LoRA, https://arxiv.org/abs/2106.09685, a product of two matrices; LoHa,
 * https://arxiv.org/abs/2108.06098, two products multiplied element by element; LoKr, https://arxiv.org/abs/2212.10650,
 * a Kronecker product; `diff`, all of it; `set`, which takes the place of the weight.
 */
export type UpdateKind = "LoRA" | "LoHa" | "LoKr" | "diff" | "set";

/** The tensors of an update in its file. */
export interface UpdateTensors {
  readonly file: string;
  readonly tensors: LoraTensors;
  shapeOf(tensor: string): readonly number[];
}

/** The same, and their values. */
export interface UpdateValues extends UpdateTensors {
  valuesOf(tensor: string): Float32Array;
}

/** Which tensors a kind has; of those with `|`, one of the two sides. */
export const kindTensors: Readonly<Record<"LoRA" | "LoHa" | "LoKr", readonly (readonly LoraRole[])[]>> = {
  LoRA: [["down", "up"]],
  LoHa: [["hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"]],
  LoKr: [
    ["lokr_w1", "lokr_w2"],
    ["lokr_w1", "lokr_w2_a", "lokr_w2_b"],
    ["lokr_w1_a", "lokr_w1_b", "lokr_w2"],
    ["lokr_w1_a", "lokr_w1_b", "lokr_w2_a", "lokr_w2_b"],
  ],
};

/** The number that alpha is divided by; `undefined` where the kind has none: LoKr of whole matrices. */
export function rankOf(kind: UpdateKind, { tensors, shapeOf }: UpdateTensors): number | undefined {
  const roles = { LoRA: ["down"], LoHa: ["hada_w1_b"], LoKr: ["lokr_w2_b", "lokr_w1_b"], diff: [], set: [] } as const;
  const role = roles[kind].find((name: LoraRole) => tensors[name] !== undefined);
  return role === undefined ? undefined : (shapeOf(tensors[role]!)[0] ?? 0);
}

/**
 * Whether an update's tensors make a matrix of the weight's size.
 * @param shape of all that the module changes: its rows, then the weight's other axes
 * @throws SKIPSTEP_LORA_SHAPE
 */
export function checkShapes(kind: UpdateKind, update: UpdateTensors, shape: readonly number[], weight: string): void {
  const [rows = 1, inputs = 1, ...pixels] = shape;
  const rank = rankOf(kind, update) ?? 0;
  const { file, tensors, shapeOf } = update;
  const expect = (role: LoraRole, expected: readonly number[]): void => {
    const tensor = tensors[role];
    if (tensor === undefined) return;
    const found = shapeOf(tensor);
    // Axes of length 1 at the end may be left out, and all but the first may be one.
    const isSame = found[0] === expected[0] && sizeOf(found) === sizeOf(expected) && fits(found, expected);
    if (!isSame) throw loraShape(file, tensor, found, expected, weight);
  };
  if (kind === "LoRA") {
    const middle = tensors.mid !== undefined;
    expect("down", [rank, inputs, ...(middle ? [] : pixels)]);
    expect("mid", [rank, rank, ...pixels]);
    expect("up", [rows, rank]);
  } else if (kind === "LoHa")
    for (const i of [1, 2] as const) {
      const core = tensors[`hada_t${i}`] !== undefined;
      expect(`hada_w${i}_a`, core ? [rank, rows] : [rows, rank]);
      expect(`hada_w${i}_b`, core ? [rank, inputs] : [rank, inputs, ...pixels]);
      expect(`hada_t${i}`, [rank, rank, ...pixels]);
    }
  else if (kind === "LoKr") checkKronecker(update, expect, shape, weight);
  else for (const tensor of Object.values(tensors)) checkWhole(file, tensor, shapeOf(tensor), shape, weight);
}

function fits(found: readonly number[], expected: readonly number[]): boolean {
  const [, second = 1] = expected;
  return found.length <= 2 || found[1] === second;
}

function checkWhole(
  file: string,
  tensor: string,
  found: readonly number[],
  expected: readonly number[],
  weight: string,
): void {
  const isSame = (found[0] ?? 1) === expected[0] && sizeOf(found) === sizeOf(expected);
  if (!isSame) throw loraShape(file, tensor, found, expected, weight);
}

type Expect = (role: LoraRole, expected: readonly number[]) => void;

function checkKronecker(
  { file, tensors, shapeOf }: UpdateTensors,
  expect: Expect,
  [rows = 1, ...rest]: readonly number[],
  weight: string,
): void {
  const at = (role: LoraRole, axis: number): number => shapeOf(tensors[role]!)[axis] ?? 1;
  const pixels = sizeOf(rest.slice(1));
  const pair = (i: 1 | 2): readonly [rows: number, columns: number] => {
    const [one, a, b] = [`lokr_w${i}`, `lokr_w${i}_a`, `lokr_w${i}_b`] as const;
    if (tensors[one] !== undefined) return [at(one, 0), sizeOf(shapeOf(tensors[one]!).slice(1))];
    const core = i === 2 && tensors.lokr_t2 !== undefined;
    const rank = at(b, 0);
    if (core) expect("lokr_t2", [rank, rank, ...rest.slice(1)]);
    expect(a, core ? [rank, at(a, 1)] : [at(a, 0), rank]);
    return [core ? at(a, 1) : at(a, 0), sizeOf(shapeOf(tensors[b]!).slice(1)) * (core ? pixels : 1)];
  };
  const [first, second] = [pair(1), pair(2)];
  const found = [first[0] * second[0], first[1] * second[1]];
  if (found[0] === rows && found[1] === sizeOf(rest)) return;
  const factors = Object.values(tensors).slice(0, 2).join('" with "');
  throw loraShape(file, factors, found, [rows, sizeOf(rest)], weight);
}

/** Reads an update. @throws SKIPSTEP_LORA_INVALID for values that are no numbers */
export function readUpdate(kind: UpdateKind, update: UpdateValues): UpdateMatrix {
  const { tensors } = update;
  const matrix = (role: LoraRole): Matrix => readMatrix(update, tensors[role]!);
  if (kind === "LoRA") return product(matrix("up"), withCore(matrix("down"), matrixIn(update, "mid")));
  if (kind === "LoHa") {
    const [one, other] = [halfOf(update, 1), halfOf(update, 2)];
    return hadamard(product(one.left, one.right), product(other.left, other.right));
  }
  if (kind === "LoKr") return kronecker(factorOf(update, 1), factorOf(update, 2));
  return whole(readMatrix(update, Object.values(tensors)[0]!));
}

/**
 * Reads an update as a product: a LoHa of two products of rank r as one of rank r * r, a LoKr with its matrices as the
 * products that they are, or by the identity.
 * @returns `undefined` for what is no product
 * @throws SKIPSTEP_LORA_INVALID for values that are no numbers
 */
export function readFactors(kind: UpdateKind, update: UpdateValues): Factors | undefined {
  const { tensors } = update;
  if (kind === "LoRA")
    return {
      left: readMatrix(update, tensors.up!),
      right: withCore(readMatrix(update, tensors.down!), matrixIn(update, "mid")),
    };
  if (kind === "LoHa") return hadamardFactors(halfOf(update, 1), halfOf(update, 2));
  if (kind === "LoKr") return kroneckerFactors(factorsOf(update, 1), factorsOf(update, 2));
  return undefined;
}

/** The rank of `readFactors`, by the tensors' shapes alone. */
export function factorsRank(kind: UpdateKind, { tensors, shapeOf }: UpdateTensors): number | undefined {
  const first = (role: LoraRole): number => shapeOf(tensors[role]!)[0] ?? 1;
  if (kind === "LoRA") return first("down");
  if (kind === "LoHa") return first("hada_w1_b") * first("hada_w2_b");
  if (kind !== "LoKr") return undefined;
  const rankOfPart = (i: 1 | 2): number => {
    const stored = tensors[`lokr_w${i}`];
    if (stored === undefined) return first(`lokr_w${i}_b`);
    const [rows = 1, ...rest] = shapeOf(stored);
    return Math.min(rows, sizeOf(rest));
  };
  return rankOfPart(1) * rankOfPart(2);
}

/** One of the two products of LoHa. */
function halfOf(update: UpdateValues, i: 1 | 2): Factors {
  const [a, b] = (["a", "b"] as const).map((name) => matrixIn(update, `hada_w${i}_${name}`)!) as [Matrix, Matrix];
  return withMiddle(a, b, matrixIn(update, `hada_t${i}`));
}

/** One of the two matrices of LoKr, stored so or as a product. */
function factorOf(update: UpdateValues, i: 1 | 2): Matrix {
  const stored = matrixIn(update, `lokr_w${i}`);
  if (stored) return stored;
  const { left, right } = factorsOf(update, i);
  return collected(product(left, right));
}

/** The same as a product. */
function factorsOf(update: UpdateValues, i: 1 | 2): Factors {
  const stored = matrixIn(update, `lokr_w${i}`);
  if (stored)
    return stored.rows <= stored.columns
      ? { left: identity(stored.rows), right: stored }
      : { left: stored, right: identity(stored.columns) };
  const [a, b] = (["a", "b"] as const).map((name) => matrixIn(update, `lokr_w${i}_${name}`)!) as [Matrix, Matrix];
  return withMiddle(a, b, i === 2 ? matrixIn(update, "lokr_t2") : undefined);
}

/** With a core, the left matrix is stored turned. */
function withMiddle(a: Matrix, b: Matrix, core: Matrix | undefined): Factors {
  return core ? { left: turned(a), right: withCore(b, core) } : { left: a, right: b };
}

function identity(size: number): Matrix {
  const values = new Float32Array(size * size);
  for (let i = 0; i < size; i++) values[i * size + i] = 1;
  return { rows: size, columns: size, values };
}

function matrixIn(update: UpdateValues, role: LoraRole): Matrix | undefined {
  const tensor = update.tensors[role];
  return tensor === undefined ? undefined : readMatrix(update, tensor);
}

function readMatrix(update: UpdateValues, tensor: string): Matrix {
  const values = finiteValues(update, tensor);
  const [rows = 1] = update.shapeOf(tensor);
  return { rows, columns: rows === 0 ? 0 : values.length / rows, values };
}

/** @throws SKIPSTEP_LORA_INVALID for values that are no numbers */
export function finiteValues({ file, valuesOf }: UpdateValues, tensor: string): Float32Array {
  const values = valuesOf(tensor);
  if (!values.every(Number.isFinite)) throw loraInvalid(file, `has values in "${tensor}" that are no numbers`);
  return values;
}

function turned({ rows, columns, values }: Matrix): Matrix {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  return { rows: columns, columns: rows, values: result };
}

/**
 * The kernel between two matrices multiplied into the right one (Tucker, or CP, decomposition of a convolution).
 * @param right `[r, K]` @param core `[r, r kh kw]` @returns `[r, K kh kw]`
 */
function withCore(right: Matrix, core: Matrix | undefined): Matrix {
  if (!core) return right;
  const { rows: rank, columns: inputs, values } = right;
  const pixels = core.columns / rank;
  const columns = inputs * pixels;
  const result = new Float32Array(rank * columns);
  for (let a = 0; a < rank; a++)
    for (let b = 0; b < rank; b++)
      for (let input = 0; input < inputs; input++)
        for (let pixel = 0; pixel < pixels; pixel++)
          result[a * columns + input * pixels + pixel]! +=
            core.values[(a * rank + b) * pixels + pixel]! * values[b * inputs + input]!;
  return { rows: rank, columns, values: result };
}
