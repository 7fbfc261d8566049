/**
 * Measures the structure of the sources and fails when a goal is lost. `pnpm structure <id>` tells every place of a
 * measure; what is allowed until a goal is reached stands in structure/at-most.json, and goes down only.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root as own } from "./pnpm.mjs";
import { measure } from "./structure/measures.mjs";

const shown = 20;
const { values, positionals: asked } = parseArgs({ allowPositionals: true, options: { root: { type: "string" } } });
const { root = own } = values;
const atMost = JSON.parse(readFileSync(join(root, "scripts/structure/at-most.json"), "utf8"));
const measures = measure(root, atMost);
const unknown = [...asked, ...Object.keys(atMost)].filter((id) => !measures.some((one) => one.id === id));
if (unknown.length > 0)
  throw new Error(`No measure is called ${unknown.join(", ")}. There are ${measures.map(({ id }) => id).join(", ")}.`);

print(["measure", "", "today", "goal", "now at most"]);
for (const { id, title, today, goal = "", atMost: most } of measures) {
  print([id, title, today, goal, most === undefined || most === goal ? "" : most]);
}
for (const { id, title, today, atMost: most, isLost, places } of measures) {
  if (!isLost && !asked.includes(id)) continue;
  console.log(`\n${id}: ${title}: ${today}${isLost ? `, at most ${most} are allowed` : ""}`);
  const told = asked.includes(id) ? places : places.slice(0, shown);
  for (const place of told) console.log(`  ${place}`);
  if (told.length < places.length) console.log(`  and ${places.length - told.length} more: pnpm structure ${id}`);
}
for (const { id, today, goal, atMost: most } of measures) {
  if (most > goal && today < most)
    console.log(`\n${id} is better than at-most.json says: ${Math.max(today, goal)} instead of ${most}.`);
}
const lost = measures.filter(({ isLost }) => isLost);
if (lost.length > 0) {
  console.error(`\nThe structure got worse: ${lost.map(({ id }) => id).join(", ")}.`);
  process.exitCode = 1;
}

function print([id, title, ...numbers]) {
  console.log(
    `| ${id.padEnd(21)} | ${title.padEnd(68)} | ${numbers.map((number) => `${number}`.padStart(5)).join(" | ")} |`,
  );
}
