/**
 * Looks at what npm would get: packs all packages, lints the tarballs, installs them with plain npm in an empty folder on
 * a network of the registry alone, imports and requires each, and draws a picture there with the shipped model.
 * Needs a build with declarations.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { installInto } from "./packages/install.mjs";
import { lint } from "./packages/lint.mjs";
import { packAll } from "./packages/pack.mjs";
import { behindRegistry } from "./packages/registry-only.mjs";
import { inFolder } from "./packages/run.mjs";
import { printSizes } from "./packages/sizes.mjs";
import { root } from "./pnpm.mjs";

const folder = mkdtempSync(join(tmpdir(), "skipstep-packages-"));
const app = join(folder, "app");
const skipstep = join(app, "node_modules/.bin/skipstep");
const cache = { SKIPSTEP_CACHE: join(folder, "cache") };
try {
  const tarballs = await packAll(folder);
  printSizes(tarballs);
  await step("publint and attw", () => lintAll(tarballs));
  await step("npm install", () => installInto(app, tarballs));
  await step("onnxruntime-node's own install script fails on this network", needsItsHost);
  await step("every door is imported and required", () => openDoors(tarballs));
  await step("the project's schema, and a picture", draw);
  await step("a plugin of another release is refused", withOtherRelease);
  await step("ONNX Runtime's files are missed by name", withoutBinding);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function step(name, body) {
  const start = performance.now();
  await body();
  console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

async function lintAll(tarballs) {
  const lines = [];
  for (const [name, tarball] of tarballs) lines.push(...(await lint(tarball)).map((line) => `${name}: ${line}`));
  if (lines.length > 0) throw new Error(lines.join("\n"));
}

/** Else nothing was shown by the install. CUDA's libraries are for Linux on x64 alone. */
async function needsItsHost() {
  if (`${process.platform}-${process.arch}` !== "linux-x64") return;
  const script = join(app, "node_modules/onnxruntime-node/script/install.js");
  await behindRegistry(async (environment, refused) => {
    const ended = await inFolder(app, process.execPath, [script], environment).then(
      () => "ended well",
      () => "failed",
    );
    if (ended !== "failed" || refused.length === 0)
      throw new Error(
        `It ${ended}, and was refused: ${refused.join() || "nothing"}. Does docs/install.md still tell the truth?`,
      );
  });
}

async function openDoors(tarballs) {
  const doors = [...tarballs.keys()].flatMap((name) => {
    const { exports } = JSON.parse(readFileSync(join(app, "node_modules", name, "package.json"), "utf8"));
    return Object.entries(exports ?? {}).flatMap(([door, { default: file }]) => (file ? [join(name, door)] : []));
  });
  const contract = doors.filter((door) => door === "@skipstep/contract"); // is for inside of vitest
  const code = `
    const doors = ${JSON.stringify(doors.filter((door) => !contract.includes(door)))};
    for (const door of doors) {
      const [required, imported] = [require(door), await import(door)];
      const names = Object.keys(imported).filter((name) => name !== "module.exports");
      if (names.length === 0) throw new Error(door + " exports nothing");
      for (const name of names) if (required[name] !== imported[name]) throw new Error(door + " has two of " + name);
    }`;
  await inFolder(app, process.execPath, ["--no-warnings", "-e", `(async () => {${code}})()`]);
}

/** By the project's own script, and by the command: the picture is the one that the repository draws. */
async function draw() {
  await inFolder(app, "npm", ["run", "schema", "--silent"], cache);
  const { properties } = JSON.parse(readFileSync(join(app, "skipstep.schema.json"), "utf8"));
  if (!JSON.stringify(properties.plugins).includes("threshold")) throw new Error("The schema has no plugin's options.");
  await inFolder(app, "npm", ["start", "--silent", "--", "red heart", "first.png"], cache);
  const { width, height } = await sharp(join(app, "first.png")).metadata();
  if (width !== 128 || height !== 128) throw new Error(`first.png is ${width} x ${height}.`);
  const asked = ["--prompt", "red heart", "--seed", "42", "--out", "heart.png"];
  const said = await inFolder(app, skipstep, ["generate", "skipstep.json", "--strict", ...asked], cache);
  if (!/fbcache: reused \d+ of 20 steps/.test(said)) throw new Error(`The plugin did nothing:\n${said}`);
  const ours = [join(root, "packages/cli/bin/skipstep.js"), "generate", join(root, "configs/emoji-fast.json")];
  await inFolder(folder, process.execPath, [...ours, ...asked], cache);
  const pictures = [app, folder].map((place) => sharp(join(place, "heart.png")).raw().toBuffer());
  const [theirs, expected] = await Promise.all(pictures);
  if (!theirs.equals(expected)) throw new Error("The picture is not the one that the repository draws.");
}

/** Before it is imported, whatever npm was told to put up with. */
async function withOtherRelease() {
  const file = join(app, "node_modules/@skipstep/plugin-fbcache/package.json");
  const text = readFileSync(file, "utf8");
  const json = JSON.parse(text);
  if (json.peerDependencies["@skipstep/core"] !== `^${json.version}`)
    throw new Error(`Its peers are not one release: ${text}`);
  writeFileSync(file, JSON.stringify({ ...json, peerDependencies: { "@skipstep/core": "^0.999.0" } }));
  await failsWith(/^SKIPSTEP_PLUGIN_CORE .* is built for @skipstep\/core \^0\.999\.0/m);
  writeFileSync(file, text);
}

/** An installation that came from another platform: the file is not there, or is another's. */
async function withoutBinding() {
  const binaries = join(app, "node_modules/onnxruntime-node/bin/napi-v6");
  const binding = join(binaries, process.platform, process.arch, "onnxruntime_binding.node");
  const other = join(binaries, process.platform === "win32" ? "linux/x64" : "win32/x64", "onnxruntime_binding.node");
  rmSync(binding);
  await failsWith(/^SKIPSTEP_RUNTIME_UNLOADABLE .*Cannot find module/m);
  copyFileSync(other, binding);
  await failsWith(/^SKIPSTEP_RUNTIME_UNLOADABLE .*onnxruntime_binding\.node/m);
}

/** The command, asked for a picture. */
async function failsWith(told) {
  const said = await inFolder(app, skipstep, ["generate", "skipstep.json", "--prompt", "x"], cache).then(
    () => "nothing",
    ({ message }) => message,
  );
  if (!told.test(said)) throw new Error(`The command says ${said}`);
}
