/** Turns changesets into versions and changelogs, all packages into one version, and brings the lock file along. */
import { pnpm } from "./pnpm.mjs";

pnpm("exec", "changeset", "version");
pnpm("install", "--lockfile-only");
