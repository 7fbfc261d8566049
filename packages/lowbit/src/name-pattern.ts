/**
 * A pattern of layers' names, in which `*` stands for anything.
 * @param end regular expression of what may follow a name that fits
 */
export function namePattern(pattern: string, end = ""): RegExp {
  const escaped = pattern.replace(/[.\\+?^$()[\]{}|]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${escaped}${end}$`);
}
