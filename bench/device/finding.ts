/** One line of what a part found: a figure, or a sentence. */
export interface Finding {
  readonly part: string;
  /** `SD 1.5 U-Net, 512 px` */
  readonly what: string;
  /** `float16, deepcache` */
  readonly how?: string;
  readonly value?: number;
  readonly unit?: string;
  readonly said?: string;
}

/** Tells whoever started this process, at once: a part may be cut at any moment. */
export function tell(finding: Finding): void {
  process.stdout.write(`${JSON.stringify(finding)}\n`);
}

/** The finding in a line of a part's output; nothing in lines that are something else. */
export function findingIn(line: string): Finding | undefined {
  if (!line.startsWith('{"part":')) return undefined;
  try {
    return JSON.parse(line) as Finding;
  } catch {
    return undefined; // cut off in the middle
  }
}

/** A finding's value as a table has it. */
export function valueText({ value, unit, said }: Finding): string {
  if (value === undefined) return said ?? "";
  const digits = Number.isInteger(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return [`${value.toFixed(digits)}${unit ? ` ${unit}` : ""}`, ...(said ? [said] : [])].join(", ");
}

/** What was thrown, short enough for a table. */
export function shortText(error: unknown): string {
  const text = error instanceof Error ? `${"code" in error ? `${error.code} ` : ""}${error.message}` : String(error);
  return text.split("\n")[0]!.slice(0, 200);
}
