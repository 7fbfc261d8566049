import { closest, distance } from "fastest-levenshtein";

/** Of what is longer, nobody slipped in one letter. */
const longestName = 200;

/** Of a list that may be long. */
const mostNames = 12;

/** The known name that is near enough to be what was meant by a typing slip. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || known.includes(name) || name.length > longestName) return undefined;
  const best = closest(name, known);
  return distance(name.toLowerCase(), best.toLowerCase()) <= Math.max(2, name.length / 3) ? best : undefined;
}

/** `' Did you mean "threshold"?'` when a known name is near enough to be a typing slip, else `""`. */
export function didYouMean(name: string, known: readonly string[]): string {
  const best = nearest(name, known);
  return best === undefined ? "" : ` Did you mean "${best}"?`;
}

/** `"a, b, c"`, or `"none"`. */
export function list(names: Iterable<string>): string {
  return [...names].join(", ") || "none";
}

/** The first names of a list that may be long: `"a, b, c and 20 more"`. */
export function some(names: readonly string[]): string {
  return names.length <= mostNames
    ? list(names)
    : `${list(names.slice(0, mostNames))} and ${names.length - mostNames} more`;
}
