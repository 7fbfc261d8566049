/** Largest element by absolute value, the first of equals; with its sign. */
export function extremeOf(values: Float32Array): number {
  let extreme = 0;
  for (const x of values) if (Math.abs(x) > Math.abs(extreme)) extreme = x;
  return extreme;
}
