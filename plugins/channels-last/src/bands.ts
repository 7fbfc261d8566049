import { ceilOver, type Dim, divisor, type Graph, times, type Value } from "@skipstep/core/plugin";

/** Pictures `[B, H, W, C]` as bands of whole rows, all of one height. */
export interface Bands {
  /** Rows of a band. */
  readonly rows: Dim;
  /** Pixels of a band. */
  readonly pixels: Dim;
  /** Bands of one picture. */
  readonly each: Dim;
  /** Bands of all pictures. */
  readonly count: Dim;
}

/** Numbers of a band that a processor's cache holds beside what is made of them: 1 MiB of float32. */
const bandSize = 2 ** 18;

/**
 * Whether a picture is worked on band by band: one that is larger than latents, in an autoencoder. Of small ones all that
 * is computed stays in the cache anyway, and bands take longer.
 * @param height `8*h`
 */
export function isTall(height: Dim): boolean {
  return /^\d+\*\w+$/.test(String(height));
}

/** @param area `[B, H, W]` @param channels of the widest picture that a band is worked on with @param step rows come in so many */
export function bandsOf([batch, height, width]: readonly [Dim, Dim, Dim], channels: number, step: 1 | 2 = 1): Bands {
  const most = ceilOver(bandSize, times(width, channels * step));
  const steps = ceilOver(height, step);
  const count = divisor(steps, most);
  const rows = times(count, step);
  const each = ceilOver(steps, count);
  return { rows, pixels: times(rows, width), each, count: times(batch, each) };
}

/** `[B, H, W]` of a picture `[B, H, W, C]`. */
export function areaOf({ shape }: Value): [Dim, Dim, Dim] {
  return [shape[0]!, shape[1]!, shape[2]!];
}

/** @param x `[B, H, W, C]` @returns `[n, m, C]`: n bands of m pixels */
export function asBands(g: Graph, x: Value, { count, pixels }: Bands): Value {
  return shaped(g, x, [count, pixels, x.shape.at(-1)!]);
}

/** What is the same for all of a picture, once for each of its bands. @param x `[B, 1, C]` @returns `[n, 1, C]` */
export function perBand(g: Graph, x: Value, { each, count }: Bands): Value {
  const [batch, , channels] = x.shape as [Dim, Dim, Dim];
  return g.reshape(g.expand(x, [batch, each, channels]), [count, 1, channels]);
}

/** A reshape where the sizes alone do not say that it fits. */
export function shaped(g: Graph, x: Value, shape: readonly Dim[]): Value {
  return g.node("Reshape", [x, g.sizes(shape)], shape);
}
