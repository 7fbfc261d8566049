/**
 * What `tensor-math.ts` computes in main memory, as small ONNX models that a provider runs where the tensors lie. Numbers
 * come out as a few sums, which are divided here: shaders may take it that nothing is infinite.
 */
import { sizeOf } from "../tensor";
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

/** Elements that one sum of a kernel adds up: sums of sums lose less to rounding, and more threads work on them. */
const mostInSum = 512;

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

/** One number of each row of `width` elements. @returns `[size / width]` */
function rows(g: SmallModel, op: string, value: string, size: number, width: number): string {
  return g.add(op, [g.reshape(value, [size / width, width]), g.wholes(1)], { keepdims: 0 });
}

/** One number of all elements, in rounds. @param op reduces what goes in; what comes of it is reduced by `then` @returns `[1]` */
function total(g: SmallModel, op: string, value: string, size: number, then = "ReduceSum"): string {
  const width = Math.min(size, mostInSum);
  const count = Math.ceil(size / width);
  const reduced = rows(g, op, padded(g, value, size, count * width, then), count * width, width);
  return count === 1 ? reduced : total(g, then, reduced, count, then);
}

/** Grown to `most` elements: by zeros where they are summed up, by some of its own where the largest is sought. */
function padded(g: SmallModel, value: string, size: number, most: number, then: string): string {
  const missing = most - size;
  if (missing === 0) return value;
  const flat = g.reshape(value, [size]);
  const zeros = new Array<number>(missing).fill(0);
  const more =
    then === "ReduceSum"
      ? g.floats([missing], zeros)
      : g.add("Slice", [flat, g.wholes(0), g.wholes(missing), g.wholes(0)]);
  return g.add("Concat", [flat, more], { axis: 0 });
}

function numbers(g: SmallModel, values: readonly string[]): string {
  return g.add("Concat", values, { axis: 0 });
}

/** Halvings of the range of all elements until it is as narrow as float32 tells them apart. */
const halvings = 32;

/**
 * Narrows down a bound below which enough elements lie, by counting them.
 * @returns the largest element up to the bound, how many there are up to it, the next one, and a sum that tells of NaN
 */
function orderStatistics(g: SmallModel, [a]: readonly string[], { shapes, coefficients: [share] }: Asked): string {
  const size = sizeOf(shapes[0]!);
  const x = g.reshape(a!, [size]);
  const wanted = g.floats(one, [Math.floor(share! * (size - 1)) + 1]);
  const countUpTo = (bound: string): string =>
    total(g, "ReduceSum", g.add("Cast", [g.add("LessOrEqual", [x, bound])], { to: 1 }), size);
  const largest = total(g, "ReduceMax", x, size, "ReduceMax");
  let [low, high] = [total(g, "ReduceMin", x, size, "ReduceMin"), largest];
  for (let i = 0; i < halvings; i++) {
    const half = (value: string): string => g.add("Mul", [value, g.floats(one, [0.5])]);
    const middle = g.add("Add", [half(low), half(high)]);
    const isEnough = g.add("GreaterOrEqual", [countUpTo(middle), wanted]);
    [low, high] = [g.add("Where", [isEnough, low, middle]), g.add("Where", [isEnough, middle, high])];
  }
  const smallest = total(g, "ReduceMin", x, size, "ReduceMin");
  const found = total(
    g,
    "ReduceMax",
    g.add("Where", [g.add("LessOrEqual", [x, high]), x, smallest]),
    size,
    "ReduceMax",
  );
  const next = total(g, "ReduceMin", g.add("Where", [g.add("Greater", [x, found]), x, largest]), size, "ReduceMin");
  return numbers(g, [found, countUpTo(found), next, total(g, "ReduceL1", x, size)]);
}

/** As torch's quantile: between two elements by their distance. */
function betweenTwo([low, upToLow, next, sum]: readonly number[], { shapes, coefficients: [share] }: Asked): number {
  if (Number.isNaN(sum!)) return Number.NaN;
  const place = share! * (sizeOf(shapes[0]!) - 1);
  const below = Math.floor(place);
  const high = upToLow! > below + 1 ? low! : next!;
  return low! + (high - low!) * (place - below);
}
