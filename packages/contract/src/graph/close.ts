import type { Tensor } from "@skipstep/core/model";

/** Largest difference allowed, as a part of the expected tensor's largest value. */
const usualTolerance = 1e-4;

/** Throws unless two tensors agree within `tolerance` of the expected one's largest value. */
export function expectClose(name: string, found: Tensor, expected: Tensor, tolerance: number = usualTolerance): void {
  expectShape(name, found, expected);
  const { largest, difference } = compare(found, expected);
  const part = difference / largest;
  if (!(part <= tolerance))
    throw new Error(`${name}: largest difference as a part of ${largest} is ${part}, more than ${tolerance}`);
}

/** Throws unless no element differs by more than `most`. */
export function expectWithin(name: string, found: Tensor, expected: Tensor, most: number): void {
  expectShape(name, found, expected);
  const { difference } = compare(found, expected);
  if (!(difference <= most)) throw new Error(`${name}: largest difference is ${difference}, more than ${most}`);
}

/** Throws unless numbers are equal, and tells the first that is not. Zero has no sign here. */
export function expectSame(name: string, found: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (found.length !== expected.length) throw new Error(`${name}: ${found.length} numbers, not ${expected.length}`);
  const different = Array.from(expected).flatMap((value, i) => (found[i] === value ? [] : [i]));
  const [first] = different;
  if (first !== undefined)
    throw new Error(
      `${name}: ${different.length} of ${expected.length} differ, the first at ${first}: ${found[first]}, not ${expected[first]}`,
    );
}

function expectShape(name: string, { shape: found }: Tensor, { shape }: Tensor): void {
  if (found.join() !== shape.join()) throw new Error(`${name}: [${found.join(", ")}], not [${shape.join(", ")}]`);
}

function compare(found: Tensor, expected: Tensor): { largest: number; difference: number } {
  let largest = 0;
  let difference = 0;
  for (const [i, x] of expected.data.entries()) {
    largest = Math.max(largest, Math.abs(Number(x)));
    difference = Math.max(difference, Math.abs(Number(found.data[i]) - Number(x))); // NaN stays
  }
  return { largest, difference };
}
