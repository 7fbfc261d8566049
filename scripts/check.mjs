/** Type check with a whole build, lint, and the goals of the structure. */
import { build, install, pnpm } from "./pnpm.mjs";

install();
build("--declarations");
pnpm("--silent", "run", "lint");
pnpm("--silent", "run", "structure");
