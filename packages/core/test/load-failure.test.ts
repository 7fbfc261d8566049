import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadFailure } from "../src/runtime/load-failure";
import { temporaryFolder } from "./checkpoint-files";

const folder = temporaryFolder();
const require = createRequire(import.meta.url);

/** What Node throws for it. */
function thrownBy(file: string): unknown {
  try {
    return require(file);
  } catch (error) {
    return error;
  }
}

it("names a platform that has no build", () => {
  expect(loadFailure(thrownBy("./none.node"), "darwin-x64")).toMatchObject({
    code: "SKIPSTEP_RUNTIME_MISSING",
    message: expect.stringMatching(/^onnxruntime-node has no build for darwin-x64\. It has: .*darwin-arm64/),
  });
});

it("tells of an installation for another platform", () => {
  const file = join(folder, "bin/napi-v6/linux/x64/onnxruntime_binding.node");
  expect(loadFailure(thrownBy(file), "linux-x64")).toMatchObject({
    code: "SKIPSTEP_RUNTIME_UNLOADABLE",
    message: `onnxruntime-node cannot be loaded on linux-x64: Cannot find module '${file}'. An installation that was made, or trimmed, for another platform lacks it. Install it again on this machine, node_modules removed before: docs/install.md`,
  });
});

it("tells of a file that the system does not load, and what to do on Alpine", () => {
  const file = join(folder, "onnxruntime_binding.node");
  writeFileSync(file, "built for something else");
  const crash = thrownBy(file);
  expect(loadFailure(crash, "linux-x64", () => false)).toMatchObject({
    code: "SKIPSTEP_RUNTIME_UNLOADABLE",
    message: expect.stringMatching(
      /^onnxruntime-node cannot be loaded on linux-x64: .+\. Install it again on this machine/,
    ),
    cause: crash,
  });
  expect(loadFailure(crash, "linux-x64", () => true)?.message).toMatch(/ It is built for glibc: .* not Alpine$/);
});

it("tells of a bundle without the thread", () => {
  const { message } = loadFailure(thrownBy(join(folder, "out/runtime/worker.js")), "linux-x64")!;
  expect(message).toMatch(/ A bundle needs Skipstep's threads beside it, .*: docs\/deploy\.md$/);
});

it("leaves other ends of the thread alone", () => {
  expect(loadFailure(new Error("out of memory"), "linux-x64")).toBeUndefined();
  expect(loadFailure(undefined, "linux-x64")).toBeUndefined();
});
