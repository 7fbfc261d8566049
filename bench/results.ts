import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Benchmark, type Figure, isMet, quantity, targetText } from "./benchmark";
import { machineText } from "./machine";

const title = `# Results

Written by \`pnpm bench\`; \`pnpm bench <name>\` measures one and leaves the other sections as they are.
`;

/** A benchmark's section: what it found, against what it must find, and where. */
export function section({ name, about }: Benchmark, figures: readonly Figure[], date: Date): string {
  const rows = figures.map((figure) => {
    const verdict = figure.target ? (isMet(figure) ? "met" : "**not met**") : "";
    return `| ${figure.what} | ${quantity(figure.value, figure.unit)} | ${targetText(figure)} | ${verdict} |`;
  });
  return [
    `## ${name}`,
    "",
    about,
    "",
    "| figure | measured | target | |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
    `\`pnpm bench ${name}\`, ${date.toISOString().slice(0, 10)}, on ${machineText()}.`,
    "",
  ].join("\n");
}

/** Puts sections into the file of results, each in the place of the one of its name; the others stay, and last come those of no benchmark. */
export function writeSections(path: string, sections: ReadonlyMap<string, string>, order: readonly string[]): void {
  const known = new Map(existsSync(path) ? readSections(readFileSync(path, "utf8")) : []);
  for (const [name, text] of sections) known.set(name, text);
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const names = [...known.keys()].sort((a, b) => place(a) - place(b));
  writeFileSync(path, [title, ...names.map((name) => known.get(name)!)].join("\n"));
}

function readSections(text: string): [name: string, text: string][] {
  const parts = text.split(/^(?=## )/m).slice(1);
  return parts.map((part) => [/^## (.+)/.exec(part)![1]!, `${part.trimEnd()}\n`]);
}
