const units = [
  ["year", 365 * 24 * 60 * 60e3],
  ["day", 24 * 60 * 60e3],
  ["hour", 60 * 60e3],
  ["minute", 60e3],
] as const;

const letters: Readonly<Record<string, number>> = { w: 7 * 24 * 60 * 60e3, d: 24 * 60 * 60e3, h: 60 * 60e3, m: 60e3 };

/** `23.0 MB` */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(1)} ${["", "kB", "MB", "GB", "TB"][power]}`;
}

/** `5.7 M` */
export function countText(count: number): string {
  if (count < 1000) return String(count);
  const power = Math.min(3, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** power).toFixed(1)} ${["", "k", "M", "G"][power]}`;
}

/** `3 days ago`. @param milliseconds since then */
export function ageText(milliseconds: number): string {
  const [name, length] = units.find(([, unit]) => milliseconds >= unit) ?? ["", 0];
  if (length === 0) return "just now";
  const count = Math.floor(milliseconds / length);
  return `${count} ${name}${count === 1 ? "" : "s"} ago`;
}

/** Milliseconds of `30d`, `2w`, `12h`, `90m`; `undefined` for anything else. */
export function parseAge(text: string): number | undefined {
  const [, count, letter] = /^(\d+(?:\.\d+)?)([wdhm])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * letters[letter!]!;
}

/** Milliseconds of `8s`, `800ms`, `2m`; `undefined` for anything else, and for none at all. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  const milliseconds = Number(count) * { ms: 1, s: 1e3, m: 60e3 }[unit as "ms" | "s" | "m"];
  return milliseconds > 0 ? milliseconds : undefined;
}
