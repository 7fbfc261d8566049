import { join } from "node:path";
import { configSchema } from "@skipstep/core";
import { it } from "vitest";
import { configReference } from "./docs/config-reference";
import { expectWritten } from "./docs/written-part";

const root = join(import.meta.dirname, "..");

it("docs/config.md has every key of the schema; `pnpm vitest run test/config-docs.test.ts -u` writes it", async () => {
  const written = configReference(await configSchema(root, { plugins: true }));
  await expectWritten(join(root, "docs/config.md"), "config", `${written}\n`);
});
