/** Cells of a table, row by row; the last of a row may be as long as it likes. */
export type Rows = readonly (readonly string[])[];

/** Rows with their columns under one another. @param right columns of numbers, aligned to the right */
export function columns(rows: Rows, right: readonly number[] = []): string[] {
  const widths = rows.reduce<number[]>(
    (most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, [...cell].length)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const space = " ".repeat(widths[i]! - [...cell].length);
        return right.includes(i) ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** `threshold 0.12, warmup_steps 0` */
export function factsText(facts: object): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}
