import { isAbsolute, relative } from "node:path";

/** Relative to the working directory for what lies inside it. */
export function shownPath(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith("..") || isAbsolute(path) ? file : path;
}
