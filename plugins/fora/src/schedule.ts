/**
 * Whether a step is computed: the first one, and every n-th one counted down to the last, which is computed too.
 * @param index 0-based, of `count` steps
 */
export function computesAt(
  { index, count }: { readonly index: number; readonly count: number },
  interval: number,
): boolean {
  return index === 0 || index >= count || (count - 1 - index) % interval === 0;
}
