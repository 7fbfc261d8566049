/** Type check and lint. */
import { install, pnpm } from "./pnpm.mjs";

install();
pnpm("--silent", "run", "types");
pnpm("--silent", "run", "lint");
