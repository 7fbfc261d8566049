import { join } from "node:path";
import { it } from "vitest";
import { graphMethods } from "./docs/graph-methods";
import { expectWritten } from "./docs/written-part";

const page = join(import.meta.dirname, "../docs/plugins.md");

it("docs/plugins.md lists the methods of a graph with their docstrings; `pnpm vitest run test/graph-docs.test.ts -u` writes it", () =>
  expectWritten(page, "graph", graphMethods()));
