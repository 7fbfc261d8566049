/**
 * What `tensor-math.ts` computes in main memory, as small ONNX models that a provider runs where the tensors lie. Numbers
 * come out as a few sums, which are divided here: shaders may take it that nothing is infinite.
 */
import { onnxType } from "../onnx/onnx-types";
import { sizeOf } from "../tensor";
import { betweenTwo, orderStatistics } from "./device-quantile";
import { numbers, rows, total } from "./device-sums";
import type { SmallModel } from "./small-model";
import type { OperationName } from "./tensor-math";

/** What an operation is asked for. */
export interface Asked {
  /** Of each tensor that goes in. */
  readonly shapes: readonly (readonly number[])[];
  readonly coefficients: readonly number[];
  /** Of the tensor that comes out. */
  readonly shape: readonly number[];
}

/** Numbers that go in at each run, so that one model serves them all. */
export interface Factors {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface DeviceOperation {
  /** Not part of the model, where there are such; all other coefficients are. */
  factors?(asked: Asked): readonly Factors[];
  /** Emits it. @param factors those of `factors`, by their values' names @returns what comes out */
  emit(g: SmallModel, inputs: readonly string[], asked: Asked, factors: readonly string[]): string;
  /** The number, of the few that the model gives. */
  number?(found: readonly number[], asked: Asked): number;
}

const one = [1];

export const deviceOperations: Readonly<Record<OperationName, DeviceOperation>> = {
  add: elementwise("Add"),
  subtract: elementwise("Sub"),
  multiply: elementwise("Mul"),

  combine: {
    factors: ({ coefficients }) => coefficients.map((factor) => ({ shape: one, data: [factor] })),
    emit: weightedSum,
  },

  combineItems: {
    factors: ({ shapes: [shape, ...others], coefficients }) => {
      const [items, terms] = [shape![0]!, others.length + 1];
      return Array.from({ length: terms }, (_, term) => ({
        shape: [items, ...shape!.slice(1).map(() => 1)],
        data: Array.from({ length: items }, (_, item) => coefficients[item * terms + term]!),
      }));
    },
    emit: weightedSum,
  },

  clamp: {
    emit: (g, [a], { coefficients: [least, most] }) =>
      g.add("Clip", [a!, g.floats([], [least!]), g.floats([], [most!])]),
  },

  everyNth: {
    emit: (g, [a], { coefficients: [factor, width] }) =>
      g.add("Slice", [a!, g.wholes(0), g.wholes(width!), g.wholes(-1), g.wholes(factor!)]),
  },

  copies: {
    emit: (g, [a], { coefficients }) => {
      const parts = coefficients.map((factor) => (factor === 1 ? a! : g.add("Mul", [a!, g.floats(one, [factor])])));
      return g.add("Concat", parts, { axis: 0 });
    },
  },

  slice: {
    emit: (g, [a], { shapes: [shape], coefficients: [from, to, count, row] }) =>
      g.add("Slice", [a!, g.wholes(from!), g.wholes(to!), g.wholes(axisOf(shape!, count!, row!))]),
  },

  rows: {
    factors: ({ coefficients: [, ...rows] }) => [{ shape: [rows.length], data: rows }],
    emit: (g, [table], { coefficients: [count], shape }, [rows]) => {
      const positions = g.add("Cast", [rows!], { to: onnxType.int32 });
      return g.reshape(g.add("Gather", [g.reshape(table!, [count!, -1]), positions], { axis: 0 }), shape);
    },
  },

  norms: {
    emit: (g, [a], { shapes: [shape], coefficients: [width], shape: made }) =>
      g.reshape(rows(g, "ReduceL2", a!, sizeOf(shape!), width!), made),
  },

  norm: {
    emit: (g, [a], { shapes }) => total(g, "ReduceSumSquare", a!, sizeOf(shapes[0]!)),
    number: ([squares]) => Math.sqrt(squares!),
  },

  dot: {
    emit: (g, inputs, { shapes }) => total(g, "ReduceSum", g.add("Mul", inputs), sizeOf(shapes[0]!)),
    number: ([sum]) => sum!,
  },

  meanAbs: {
    emit: (g, [a], { shapes }) => total(g, "ReduceL1", a!, sizeOf(shapes[0]!)),
    number: ([sum], { shapes }) => sum! / sizeOf(shapes[0]!),
  },

  relativeL1: {
    emit: (g, [previous, current], { shapes }) => {
      const size = sizeOf(shapes[0]!);
      const change = g.add("Sub", [previous!, current!]);
      return numbers(g, [total(g, "ReduceL1", change, size), total(g, "ReduceL1", previous!, size)]);
    },
    number: ([change, size]) => change! / size!,
  },

  relativeL1Above: {
    emit: (g, [previous, current], { shapes, coefficients: [ratio, width] }) => {
      const size = sizeOf(shapes[0]!);
      const change = rows(g, "ReduceL1", g.add("Sub", [previous!, current!]), size, width!);
      const before = rows(g, "ReduceL1", previous!, size, width!);
      const isAbove = g.add("Greater", [change, g.add("Mul", [before, g.floats(one, [ratio!])])]);
      const above = (value: string): string => g.add("Where", [isAbove, value, g.floats(one, [0])]);
      const sums = [above(change), above(before), change, before];
      return numbers(
        g,
        sums.map((each) => total(g, "ReduceSum", each, size / width!)),
      );
    },
    // A row above the ratio, which is not negative, moved: without any the first sum is 0.
    number: ([change, size, allChange, allSize]) => (change! > 0 ? change! / size! : allChange! / allSize!),
  },

  quantile: { emit: orderStatistics, number: betweenTwo },
};

function elementwise(op: string): DeviceOperation {
  return { emit: (g, inputs) => g.add(op, inputs) };
}

/** sum of `factors[i] * inputs[i]`. */
function weightedSum(g: SmallModel, inputs: readonly string[], _asked: Asked, factors: readonly string[]): string {
  const terms = inputs.map((input, i) => g.add("Mul", [input, factors[i]!]));
  return terms.reduce((sum, term) => g.add("Add", [sum, term]));
}

/** The axis of `count` rows, each of `row` elements. */
function axisOf(shape: readonly number[], count: number, row: number): number {
  return shape.findIndex((size, axis) => size === count && sizeOf(shape.slice(axis + 1)) === row);
}
