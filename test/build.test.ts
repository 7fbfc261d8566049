import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, expect, it } from "vitest";
import { buildInto } from "../scripts/build/replace.mjs";

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
