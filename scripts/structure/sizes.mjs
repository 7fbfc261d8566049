/** How long shipped files are, for information. */
import { isShipped } from "./project.mjs";

export function sizes(project) {
  const files = [...project.files.values()].filter(({ path }) => isShipped(path));
  const lengths = files.map(({ lines }) => lines).sort((a, b) => a - b);
  const long = files.filter(({ lines }) => lines > 200);
  return [
    {
      id: "long-files",
      title: `files over 200 lines (of ${files.length})`,
      places: long.map(({ path, lines }) => `${path}: ${lines}`),
    },
    {
      id: "median-length",
      title: "median length of a file, in lines",
      today: lengths[lengths.length >> 1] ?? 0,
      places: [],
    },
  ];
}
