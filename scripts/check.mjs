/** Type check with a whole build, lint, the goals of the structure, and gaps in docstrings. */
import { build, install, pnpm } from "./pnpm.mjs";

install();
build("--declarations");
pnpm("--silent", "run", "lint");
pnpm("--silent", "run", "structure");
pnpm("--silent", "run", "api", "--emit", "none");
