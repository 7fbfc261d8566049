import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, expect, it } from "vitest";
import { isInstalled } from "../scripts/build/installed.mjs";
import { makeJavaScript } from "../scripts/build/javascript.mjs";
import { keyOf } from "../scripts/build/key.mjs";
import { buildInto } from "../scripts/build/replace.mjs";

const root = join(import.meta.dirname, "..");
const home = mkdtempSync(join(tmpdir(), "skipstep-build-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

let packages = 0;
/** A package with a `dist` that is built by hand. */
function aPackage() {
  const folder = join(home, `${packages++}`);
  mkdirSync(folder);
  const place = { folder, note: join(folder, "notes/built.json") };
  const build = (key: string, files: Readonly<Record<string, string>>) =>
    buildInto(place, key, (out) => write(out, files));
  const content = () =>
    Object.fromEntries(
      readdirSync(join(folder, "dist"), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name, parentPath }) => [name, readFileSync(join(parentPath, name), "utf8")]),
    );
  return { folder, place, build, content };
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

it("builds again when the key changes or a file is gone, and else not", async () => {
  const { build, folder, content } = aPackage();
  expect(await build("a", { "index.js": "1", "runtime/worker.js": "1" })).toBe(true);
  expect(await build("a", { "index.js": "2" })).toBe(false);
  expect(content()).toEqual({ "index.js": "1", "worker.js": "1" });
  expect(await build("b", { "index.js": "3", "runtime/worker.js": "3" })).toBe(true);
  expect(content()).toEqual({ "index.js": "3", "worker.js": "3" });
  rmSync(join(folder, "dist/runtime/worker.js"));
  expect(await build("b", { "index.js": "3", "runtime/worker.js": "4" })).toBe(true);
  expect(content()).toEqual({ "index.js": "3", "worker.js": "4" });
});

it("keeps the parts of the build before for who runs it, and no older ones", async () => {
  const { build, folder, content } = aPackage();
  write(join(folder, "dist"), { "index.js": "0", "chunk-0.js": "0" }); // built by something else
  await build("a", { "index.js": "1", "chunk-1.js": "1" });
  expect(Object.keys(content()).sort()).toEqual(["chunk-0.js", "chunk-1.js", "index.js"]);
  await build("b", { "index.js": "2", "chunk-2.js": "2" });
  expect(Object.keys(content()).sort()).toEqual(["chunk-1.js", "chunk-2.js", "index.js"]);
});

it("changes nothing when it fails", async () => {
  const { build, place, folder, content } = aPackage();
  await build("a", { "index.js": "1" });
  const failing = buildInto(place, "b", (out) => {
    write(out, { "index.js": "half" });
    throw new Error("does not compile");
  });
  await expect(failing).rejects.toThrow("does not compile");
  expect(content()).toEqual({ "index.js": "1" });
  expect(readdirSync(folder).sort()).toEqual(["dist", "notes"]);
  expect(await build("a", { "index.js": "2" })).toBe(false);
});

it("has every file there, and whole, at any time", async () => {
  const { build, folder } = aPackage();
  const files = (round: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}.js`, `${round}`.repeat(5000)]));
  await build("0", files(0));
  const state = new Int32Array(new SharedArrayBuffer(8));
  const reader = new Worker(
    `const { readFileSync } = require("node:fs");
    const { parentPort, workerData: { dist, state } } = require("node:worker_threads");
    while (state[0] === 0) {
      for (let i = 0; i < 20; i++)
        if (readFileSync(dist + "/" + i + ".js").length !== 5000) throw new Error(i + ".js is not whole");
      if (Atomics.add(state, 1, 1) === 0) parentPort.postMessage("reading");
    }`,
    { eval: true, workerData: { dist: join(folder, "dist"), state } },
  );
  const ended = new Promise((resolve, reject) => reader.once("exit", resolve).once("error", reject));
  await new Promise((resolve) => reader.once("message", resolve));
  for (let round = 1; round < 10; round++) await build(`${round}`, files(round));
  Atomics.store(state, 0, 1);
  await ended;
});

it("goes by what files hold, and not by their times", () => {
  const { folder } = aPackage();
  const key = (): string => keyOf(folder, ["package.json", "src"]);
  const file = join(folder, "src/index.ts");
  const [long, ago] = [new Date(0), new Date(1e9)];
  write(folder, { "package.json": "{}", "src/index.ts": "one", "dist/index.js": "1" });
  utimesSync(file, long, long);
  const before = key();
  utimesSync(file, new Date(), new Date());
  write(folder, { "dist/index.js": "2" });
  expect(key()).toBe(before);
  write(folder, { "src/index.ts": "two" }); // as long, and of the same time
  utimesSync(file, ago, ago);
  const changed = key();
  expect(changed).not.toBe(before);
  write(folder, { "src/index.ts": "one" });
  expect(key()).toBe(before);
  write(folder, { "src/other.ts": "" });
  expect(new Set([before, changed, key()]).size).toBe(3);
});

it("installs where the lock file says something else than what was installed, whatever their times", () => {
  const { folder } = aPackage();
  const lock = join(folder, "pnpm-lock.yaml");
  write(folder, { "pnpm-lock.yaml": "a: 1\r\n" });
  expect(isInstalled(folder)).toBe(false);
  write(folder, { "node_modules/.pnpm/lock.yaml": "a: 1\n" });
  expect(isInstalled(folder)).toBe(false); // it was stopped before its end
  write(folder, { "node_modules/.modules.yaml": "" });
  expect(isInstalled(folder)).toBe(true);
  utimesSync(lock, new Date(), new Date(Date.now() + 60_000));
  expect(isInstalled(folder)).toBe(true);
  write(folder, { "pnpm-lock.yaml": "a: 2\n" });
  utimesSync(lock, new Date(0), new Date(0));
  expect(isInstalled(folder)).toBe(false);
});

it("never fails a process that imports the package while it is built again and again", async () => {
  const { folder, place } = aPackage();
  const source = (version: number): Record<string, string> => ({
    "src/index.ts": `import { shared } from "./shared"; export const version = "index " + shared; export const later = () => import("./later");`,
    "src/other.ts": `export { shared as other } from "./shared";`,
    "src/later.ts": `import { shared } from "./shared"; export const version = "later " + shared;`,
    "src/shared.ts": `export const shared = "${version}"; // ${"x".repeat(version)}`,
  });
  const build = (version: number) => {
    write(folder, source(version));
    return buildInto(place, keyOf(folder, ["src"]), (out) => makeJavaScript(relative(root, folder), out));
  };
  write(folder, {
    "package.json": `{ "type": "module" }`,
    "tsup.config.ts": `export default { entry: ["src/index.ts", "src/other.ts"], format: "esm", splitting: true };`,
    "loop.mjs": `
      import { createInterface } from "node:readline";
      const dist = ${JSON.stringify(pathToFileURL(join(folder, "dist")).href)};
      let isOver = false;
      createInterface({ input: process.stdin }).on("line", () => { isOver = true; });
      const seen = new Set();
      for (let i = 0; !isOver; i++) {
        const [index, other] = await Promise.all(["index", "other"].map((door) => import(dist + "/" + door + ".js?" + i)));
        if (!seen.has(index.version)) console.log(index.version); // the next build may begin
        seen.add(index.version);
        await new Promise((resolve) => setImmediate(resolve));
        const later = await index.later();
        if (later.version.slice(6) !== index.version.slice(6)) throw new Error(later.version + " of " + index.version);
        if (!(Number(other.other) >= 0)) throw new Error("no other");
      }`,
  });
  await build(0);
  const loop = spawn(process.execPath, [join(folder, "loop.mjs")], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(loop, "exit");
  const lines = createInterface({ input: loop.stdout })[Symbol.asyncIterator]();
  for (let version = 1; version < 5; version++) {
    expect((await lines.next()).value).toBe(`index ${version - 1}`);
    expect(await build(version)).toBe(true);
  }
  expect((await lines.next()).value).toBe("index 4");
  loop.stdin.end("over\n");
  expect(await ended).toEqual([0, null]);
  // Of all builds, the last one and the one before are there.
  const versions = readdirSync(join(folder, "dist")).filter((name) => /^chunk-.*\.js$/.test(name));
  expect(versions).toHaveLength(2);
});
