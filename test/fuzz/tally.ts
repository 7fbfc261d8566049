import type { Fault, Outcome } from "./outcome";

interface Row {
  readonly counts: Map<Outcome, number>;
  /** Bytes. */
  largest: number;
}

const columns: readonly Outcome[] = ["drawn", "valid", "coded", "uncoded", "hang", "large"];

/** What became of the inputs, by kind. */
export class Tally {
  readonly faults: Fault[] = [];
  private readonly rows = new Map<string, Row>();

  add(kind: string, outcome: Outcome, fault: Fault | undefined, largest: number): void {
    const row = this.rows.get(kind) ?? { counts: new Map(), largest: 0 };
    this.rows.set(kind, row);
    row.counts.set(outcome, (row.counts.get(outcome) ?? 0) + 1);
    row.largest = Math.max(row.largest, largest);
    if (fault) this.faults.push(fault);
  }

  get inputs(): number {
    return sum([...this.rows.values()].map(({ counts }) => sum([...counts.values()])));
  }

  /** Lines of a Markdown table. */
  table(): string[] {
    const rows = [...this.rows].map(([kind, { counts, largest }]) => row(kind, counts, largest));
    const all = new Map(
      columns.map((outcome) => [outcome, sum([...this.rows.values()].map(({ counts }) => counts.get(outcome) ?? 0))]),
    );
    return [
      `| what is changed | inputs | ${columns.slice(0, -1).join(" | ")} | above 1 GiB | most memory |`,
      `| --------------- | -----: | ${columns.map(() => "---:").join(" | ")} | ---: |`,
      ...rows,
      row("**all**", all, Math.max(0, ...[...this.rows.values()].map(({ largest }) => largest))),
    ];
  }
}

function row(kind: string, counts: ReadonlyMap<Outcome, number>, largest: number): string {
  const numbers = columns.map((outcome) => counts.get(outcome) ?? 0);
  return `| ${kind} | ${sum(numbers)} | ${numbers.join(" | ")} | ${Math.round(largest / 2 ** 20)} MiB |`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
