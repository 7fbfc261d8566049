import type { Node, Value } from "../../graph/value";
import type { StandIn } from "./stand-in";

/** Pi in parts of few bits: products with whole numbers up to 65,000 are exact, so that what is left of an angle is. */
const pi = [3.140625, 9.670257568359375e-4, 6.277114152908325e-7];

/** Of the Taylor series of the sine, behind the angle itself: right to 6e-8 up to half of pi. */
const terms = [-1 / 6, 1 / 120, -1 / 5040, 1 / 362_880, -1 / 39_916_800];

/** The sine of angles up to 200,000, for providers without a kernel. */
export function sine({ inputs }: Node, g: StandIn): Value {
  const x = inputs[0]!;
  const turns = floor(g, g.add(g.mul(x, g.constant(1 / Math.PI)), g.constant(0.5)));
  return g.mul(signOf(g, turns, 1), nearZero(g, lessTurns(g, x, turns)));
}

/** The cosine likewise: a sine half of pi farther on. */
export function cosine({ inputs }: Node, g: StandIn): Value {
  const x = inputs[0]!;
  const turns = floor(g, g.mul(x, g.constant(1 / Math.PI)));
  return g.mul(signOf(g, turns, -1), nearZero(g, lessTurns(g, x, g.add(turns, g.constant(0.5)))));
}

/** `x - turns pi` */
function lessTurns(g: StandIn, x: Value, turns: Value): Value {
  return pi.reduce((left, part) => g.sub(left, g.mul(turns, g.constant(part))), x);
}

/** `even` for even numbers, its negative for odd ones. */
function signOf(g: StandIn, turns: Value, even: 1 | -1): Value {
  const pairs = floor(g, g.mul(turns, g.constant(0.5)));
  const isOdd = g.sub(turns, g.mul(pairs, g.constant(2)));
  return g.add(g.mul(isOdd, g.constant(-2 * even)), g.constant(even));
}

/** The sine of an angle up to half of pi. */
function nearZero(g: StandIn, x: Value): Value {
  const square = g.mul(x, x);
  const [last, ...others] = [...terms].reverse().map((term) => g.constant(term)) as [Value, ...Value[]];
  const sum = others.reduce((sum, term) => g.add(g.mul(sum, square), term), last);
  return g.mul(x, g.onePlus(g.mul(square, sum)));
}

function floor(g: StandIn, x: Value): Value {
  return g.node("Floor", [x], x.shape);
}
