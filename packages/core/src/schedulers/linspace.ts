/** `n` doubles from `start` to `stop`, both included, as `numpy.linspace`; `[start]` for one. */
export function linspace(start: number, stop: number, n: number): Float64Array {
  const step = (stop - start) / (n - 1);
  const values = Float64Array.from({ length: n }, (_, i) => i * step + start);
  if (n > 1) values[n - 1] = stop;
  else values[0] = start;
  return values;
}

/** `n` float32 from `start` to `stop`, both included, as `torch.linspace`: each half counts from its own end. */
export function linspaceFloat32(start: number, stop: number, n: number): Float32Array {
  const first = Math.fround(start);
  const last = Math.fround(stop);
  const step = Math.fround(Math.fround(last - first) / (n - 1));
  return Float32Array.from({ length: n }, (_, i) => (i < n / 2 ? first + step * i : last - step * (n - i - 1)));
}
