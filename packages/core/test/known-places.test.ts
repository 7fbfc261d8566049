import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fileContent } from "../src/recipe/content";
import { findPlace, notePlace } from "../src/recipe/known-places";
import { temporaryFolder, write } from "./checkpoint-files";

const folder = temporaryFolder();
const file = write(join(folder, "model.safetensors"), "weights");

describe("places of files", () => {
  it("are written beside, under a name that is announced, and moved", () => {
    const cacheDir = join(folder, "cache");
    const told: unknown[] = [];
    const listen = (message: unknown): number => told.push(message);
    subscribe("skipstep.unfinished", listen);
    const content = fileContent(file, join(folder, "other-cache"));
    told.length = 0;
    notePlace(cacheDir, file, content);
    unsubscribe("skipstep.unfinished", listen);
    const path = expect.stringMatching(/places\/[0-9a-f]{64}\.json\..*\.tmp$/);
    expect(told).toEqual([
      { path, begins: true },
      { path, begins: false },
    ]);
    expect(readdirSync(join(cacheDir, "places"))).toEqual([`${content.sha256}.json`]);
    expect(findPlace(cacheDir, content.sha256)).toBe(file);
  });

  it("are forgotten where they cannot be written", () => {
    const cacheDir = write(join(folder, "a file"), "kept");
    const content = fileContent(file, cacheDir);
    notePlace(cacheDir, file, content);
    expect(findPlace(cacheDir, content.sha256)).toBeUndefined();
    expect(readFileSync(cacheDir, "utf8")).toBe("kept");
  });

  it("are forgotten when nothing lies there any more", () => {
    const cacheDir = join(folder, "cache");
    const gone = write(join(folder, "gone.safetensors"), "other weights");
    const { sha256 } = fileContent(gone, cacheDir);
    notePlace(cacheDir, gone, { sha256 });
    rmSync(gone);
    expect(findPlace(cacheDir, sha256)).toBeUndefined();
    expect(readdirSync(join(cacheDir, "places"))).not.toContain(`${sha256}.json`);
  });
});
