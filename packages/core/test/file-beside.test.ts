import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { fileBeside } from "../src/runtime/file-beside";
import { temporaryFolder, write } from "./checkpoint-files";

it("finds threads beside a bundle, and outside of Electron's archive where they are unpacked", () => {
  const app = join(temporaryFolder(), "app");
  const module = (folder: string): string => pathToFileURL(join(app, folder, "dist/index.js")).href;
  const found = (folder: string): string => fileBeside(module(folder), "./runtime/worker.js").href;
  const worker = (folder: string): string => pathToFileURL(join(app, folder, "dist/runtime/worker.js")).href;
  expect(found("core")).toBe(worker("core"));
  expect(found("app.asar/core")).toBe(worker("app.asar/core"));
  write(join(app, "app.asar.unpacked/core/dist/runtime/worker.js"), "");
  expect(found("app.asar/core")).toBe(worker("app.asar.unpacked/core"));
  expect(found("app.asar.unpacked/core")).toBe(worker("app.asar.unpacked/core"));
});
