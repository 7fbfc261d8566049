/** Type check, lint, and the goals of the structure. */
import { install, pnpm } from "./pnpm.mjs";

install();
pnpm("--silent", "run", "types");
pnpm("--silent", "run", "lint");
pnpm("--silent", "run", "structure");
