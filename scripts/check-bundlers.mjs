/**
 * Tries what docs/deploy.md says: the packed packages in projects of bundlers and servers, each of which draws a picture.
 * `pnpm check:bundlers [next] [vite] [esbuild] [threads]`, all when none is named. Needs a build with declarations, and
 * brings the bundlers from the registry.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { esbuild } from "./bundlers/esbuild.mjs";
import { next } from "./bundlers/next.mjs";
import { threads } from "./bundlers/threads.mjs";
import { vite } from "./bundlers/vite.mjs";
import { installInto } from "./packages/install.mjs";
import { packAll } from "./packages/pack.mjs";

const kinds = { threads, esbuild, vite, next };
const needs = {
  next: { next: "16.4.6", react: "^19", "react-dom": "^19" },
  vite: { vite: "8.4.0" },
  esbuild: { esbuild: "0.28.2" },
};
const ours = ["core", "cli", "server", "caching", "plugin-fbcache", "model-emoji"].map((name) => `@skipstep/${name}`);

const named = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "skipstep-bundlers-"));
const app = join(folder, "app");
process.env.SKIPSTEP_CACHE = join(folder, "cache");
try {
  const tarballs = new Map([...(await packAll(folder))].filter(([name]) => ours.includes(name)));
  const asked = Object.keys(kinds).filter((kind) => named.length === 0 || named.includes(kind));
  await installInto(app, tarballs, Object.assign({}, ...asked.map((kind) => needs[kind])));
  for (const kind of asked) await kinds[kind](app, (form, file) => check(`${kind}, ${form}`, file));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function check(what, file) {
  const { width, height } = await sharp(readFileSync(file)).metadata();
  if (width !== 128 || height !== 128) throw new Error(`${what}: the picture is ${width} x ${height}`);
  rmSync(file);
  console.log(`${what}: drew a picture`);
}
