/** Largest element by absolute value, the first of equals; with its sign. */
export function extremeOf(values: Float32Array): number {
  let extreme = 0;
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]!) > Math.abs(extreme)) extreme = values[i]!;
  return extreme;
}
