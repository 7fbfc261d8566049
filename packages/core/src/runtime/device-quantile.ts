import { sizeOf } from "../tensor";
import type { Asked } from "./device-operations";
import { numbers, total } from "./device-sums";
import type { SmallModel } from "./small-model";

const one = [1];

/** Halvings of the range of all elements until it is as narrow as float32 tells them apart. */
const halvings = 32;

/**
 * Narrows down a bound below which enough elements lie, by counting them.
 * @returns the largest element up to the bound, how many there are up to it, the next one, and a sum that tells of NaN
 */
export function orderStatistics(
  g: SmallModel,
  [a]: readonly string[],
  { shapes, coefficients: [share] }: Asked,
): string {
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
export function betweenTwo(
  [low, upToLow, next, sum]: readonly number[],
  { shapes, coefficients: [share] }: Asked,
): number {
  if (Number.isNaN(sum!)) return Number.NaN;
  const place = share! * (sizeOf(shapes[0]!) - 1);
  const below = Math.floor(place);
  const high = upToLow! > below + 1 ? low! : next!;
  return low! + (high - low!) * (place - below);
}
