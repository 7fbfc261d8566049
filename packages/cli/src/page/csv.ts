/** A cell: text, a number, or nothing. */
export type Cell = string | number | undefined;

/** A table as RFC 4180 has it; infinite numbers are `inf`, those that there are not are empty. */
export function csv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map((row) => `${row.map(cellText).join(",")}\r\n`).join("");
}

function cellText(cell: Cell): string {
  if (typeof cell === "number") return Number.isFinite(cell) ? String(cell) : Number.isNaN(cell) ? "" : cellSign(cell);
  const text = cell ?? "";
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function cellSign(infinite: number): string {
  return infinite > 0 ? "inf" : "-inf";
}
