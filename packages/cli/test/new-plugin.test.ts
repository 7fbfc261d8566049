import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { typeErrors } from "../../../test/docs/type-errors";
import { pluginFiles } from "../src/new/plugin-files";
import { outcomeOf, root, skipstep, skipstepJson, startSkipstep } from "./skipstep";

const example = join(root, "examples/plugin");

describe("new plugin", () => {
  /** Where the packages are that a plugin needs. */
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(example, "new-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("writes what the example is, whose contract is tested there", () => {
    const files = pluginFiles("every-nth");
    for (const path of ["src/every-nth.ts", "src/index.ts", "test/every-nth.test.ts", "tsup.config.ts"])
      expect(files[path], path).toBe(readFileSync(join(example, path), "utf8"));
    const published = JSON.parse(readFileSync(join(example, "package.json"), "utf8"));
    const own = JSON.parse(files["package.json"]!);
    for (const key of ["name", "keywords", "type", "sideEffects", "files"]) expect(own[key]).toEqual(published[key]);
    for (const key of ["dependencies", "peerDependencies"])
      expect(Object.keys(own[key])).toEqual(Object.keys(published[key]));
  });

  it("writes a package of another name, whose types are right and which draws from its sources", async () => {
    const place = join(folder, "skipstep-plugin-2-half.steps");
    const { exitCode, document } = await skipstepJson<{ name: string; files: string[] }>("new", "plugin", place);
    expect({ exitCode, name: document.name }).toEqual({ exitCode: 0, name: "2-half.steps" });
    expect(document.files).toContain(join(place, "src/2-half.steps.ts"));
    const sources = ["src/2-half.steps.ts", "src/index.ts"].map((path) => join(place, path));
    expect(typeErrors(sources.map((path) => ({ path, code: readFileSync(path, "utf8") })))).toEqual([]);
    const config = JSON.parse(readFileSync(join(place, "config.json"), "utf8"));
    const { model } = config;
    expect(model).toBe("./node_modules/@skipstep/contract/models/z-image");
    config.model = join(example, model);
    writeFileSync(join(place, "config.json"), JSON.stringify(config));
    // In a process of its own, which reads TypeScript only as a user's does.
    const drawn = startSkipstep(["generate", join(place, "config.json"), "--out", join(place, "dev.png")]);
    expect(await outcomeOf(drawn)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("2-half.steps: reused 4 of 8 steps"),
    });
  });

  it("leaves a folder with files alone, and names that no plugin may have", async () => {
    const place = join(folder, "taken");
    mkdirSync(place);
    writeFileSync(join(place, "notes.txt"), "mine");
    const { exitCode, stderr } = await skipstep("new", "plugin", place);
    expect(exitCode).toBe(7);
    expect(stderr).toContain("SKIPSTEP_OUTPUT_UNWRITABLE");
    expect(readdirSync(place)).toEqual(["notes.txt"]);
    expect(await skipstep("new", "plugin", join(folder, "Mine"))).toMatchObject({ exitCode: 2 });
    expect(readdirSync(folder)).not.toContain("Mine");
  });
});
