/**
 * Publishes what npm does not have yet: type check, lint, structure, and what npm would get, then `changeset publish`,
 * which tags what it published. Meant for .github/workflows/release.yml, where npm says by which run a package was made
 * (provenance).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, install, pnpm, root, run } from "./pnpm.mjs";

const { repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const { GITHUB_REPOSITORY: here } = process.env;
// npm refuses a provenance whose repository is not the package's; it is told before half of them are published.
if (here !== undefined && !repository.url.endsWith(`/${here}.git`)) {
  console.error(
    `package.json says ${repository.url}, and this is ${here}. Correct "repository", "homepage" and "bugs" there and in each package.`,
  );
  process.exit(1);
}

install();
build("--declarations");
pnpm("--silent", "run", "lint");
run(process.execPath, [join(root, "scripts/check-packages.mjs")]);
pnpm("exec", "changeset", "publish");
