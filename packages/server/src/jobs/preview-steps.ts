/** Steps after which a client is shown the image: evenly spaced, without the last, which is the image itself. */
export function previewSteps(of: number, count: number): number[] {
  const steps = Array.from({ length: count }, (_, i) => Math.round((of * (i + 1)) / (count + 1)));
  return [...new Set(steps)].filter((step) => step >= 1 && step < of);
}
