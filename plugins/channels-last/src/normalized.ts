import type { Dim, Graph, Operators, Value } from "@skipstep/core/plugin";
import { asBands, type Bands, perBand, shaped } from "./bands";
import type { Rounded } from "./roundings";

/** A normalized picture: `factor x + shift`. */
export interface Normal {
  /** `[B, ..., C]` */
  readonly x: Value;
  /** None for what is normalized whole. */
  readonly bands: Bands | undefined;
  /** `[B, 1, C]` each. */
  readonly factor: Value;
  readonly shift: Value;
}

/** The least value of SiLU. */
const leastOfSilu = -0.278_464_55;

/** @returns `[B, ..., C]` */
export function normalized(g: Graph, normal: Normal, isActivated: boolean): Value {
  const { x, bands, factor, shift } = normal;
  const emit = (inner: Operators, items: readonly Value[]): Value => {
    const y = scaled(inner, items);
    return isActivated ? inner.silu(y) : y;
  };
  const whole = (inner: Operators): Value =>
    emit(inner, [x, ...[factor, shift].map((value) => perPixel(inner, value, x))]);
  if (!bands) return whole(g);
  const [made] = g.scan(operands(g, normal, bands), (inner, items) => [emit(inner, items)]);
  return g.orPortable(shaped(g, made!, x.shape), { lacking: ["Scan"], reads: [x, factor, shift], emit: whole });
}

/**
 * With SiLU, in 8 bits. SiLU grows where it is above 0, so that its largest value is that of the largest it is given, and
 * what is to be rounded need not be there to know its range.
 */
export function normalizedCodes(g: Graph, normal: Normal, bands: Bands): Rounded {
  const [most] = g.scan(operands(g, normal, bands), (inner, items) => [largest(inner, scaled(inner, items))]);
  const top = g.relu(g.silu(g.reshape(largest(g, most!), [])));
  const scale = g.mul(g.sub(top, g.constant(leastOfSilu)), g.constant(1 / 255));
  const zero = g.cast(g.node("Round", [g.div(g.constant(-leastOfSilu), scale)], []), "uint8");
  const [codes] = g.scan(operands(g, normal, bands), (inner, items) => {
    const y = inner.silu(scaled(inner, items));
    return [inner.node("QuantizeLinear", [y, scale, zero], y.shape, { dtype: "uint8" })];
  });
  return { codes: shaped(g, codes!, normal.x.shape), scale, zero };
}

function operands(g: Graph, { x, factor, shift }: Normal, bands: Bands): Value[] {
  return [asBands(g, x, bands), perBand(g, factor, bands), perBand(g, shift, bands)];
}

/** @param x `[B, 1, C]` @returns `[B, 1, ..., C]`, with the axes of a picture */
function perPixel(g: Operators, x: Value, picture: Value): Value {
  const [batch, , channels] = x.shape as [Dim, Dim, Dim];
  return g.reshape(x, [batch, ...picture.shape.slice(1, -1).map(() => 1), channels]);
}

/** @param items a band `[m, C]`, and its factors and shifts `[1, C]` */
function scaled(g: Operators, [band, factor, shift]: readonly Value[]): Value {
  return g.add(g.mul(band!, factor!), shift!);
}

/** @returns `[1]` */
function largest(g: Graph, x: Value): Value {
  const axes = g.constant([1], undefined, "int64");
  return g.node("ReduceMax", [g.reshape(x, [1, -1]), axes], [1], { attributes: { keepdims: { int: 0 } } });
}
