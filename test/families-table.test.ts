import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { FamilyFacts } from "@skipstep/core";
import { it } from "vitest";
import { abilities } from "../packages/cli/src/families";
import { command } from "./built/packages";
import { expectWritten } from "./docs/written-part";

const root = join(import.meta.dirname, "..");
const page = join(root, "docs/models.md");

/** As a user in this repository is told, with all of its plugins installed. */
function told(): FamilyFacts[] {
  const run = [...command, "families", "--json"];
  return JSON.parse(execFileSync(process.execPath, run, { cwd: root, encoding: "utf8" }));
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}

function cells(family: FamilyFacts): string[] {
  const { title, className, autoencoders, schedulers, plugins } = family;
  const vae = autoencoders.map((name) => `\`${name}\``).join(", ");
  return [title, `\`${className}\``, abilities(family).join(", "), plugins.join(", "), `${schedulers.length}`, vae];
}

it("docs/models.md says of every family what its code says; `pnpm vitest run test/families-table.test.ts -u` writes it", async () => {
  const head = ["model", "`_class_name` in model_index.json", "beside prompts", "caches", "schedulers", '`"vae"`'];
  const written = [head, head.map(() => "---"), ...told().map(cells)].map(row).join("");
  await expectWritten(page, "families", written);
});
