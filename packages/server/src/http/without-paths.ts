/** Paths lose all but their last name. */
export function withoutFolders(text: string): string {
  return text.replaceAll(/(?:[A-Za-z]:)?(?:[\\/][^\s"'`:;,()\\/]+)+[\\/]([^\s"'`:;,()\\/]+)/g, "$1");
}

/** The same of all texts in a value. */
export function withoutPaths(value: unknown): unknown {
  if (typeof value === "string") return withoutFolders(value);
  if (Array.isArray(value)) return value.map(withoutPaths);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutPaths(inner)]));
}
