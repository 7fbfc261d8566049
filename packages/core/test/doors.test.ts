import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as application from "../src/index";
import * as model from "../src/model";
import * as plugin from "../src/plugin";

const core = join(import.meta.dirname, "..");
const json = JSON.parse(readFileSync(join(core, "package.json"), "utf8"));
const doors: Readonly<Record<string, Readonly<Record<string, unknown>>>> = { application, model, plugin };

describe("the doors of core", () => {
  it("give one thing under one name, whichever it is taken through", () => {
    expect(application.SkipstepError).toBe(plugin.SkipstepError);
    expect(application.SkipstepError).toBe(model.SkipstepError);
    for (const [name, thing] of Object.entries(plugin))
      for (const other of Object.values(doors)) if (name in other) expect(other[name], name).toBe(thing);
  });

  it("are published as they are used here", () => {
    for (const [door, { "@skipstep/source": source, ...built }] of Object.entries<Record<string, string>>(
      json.exports,
    )) {
      const file = source!.replace("./src/", "./dist/").replace(/\.ts$/, "");
      expect(built, door).toEqual({ types: `${file}.d.ts`, default: `${file}.js` });
      expect(json.publishConfig.exports[door], door).toEqual(built);
    }
    expect(Object.keys(json.publishConfig.exports)).toEqual(Object.keys(json.exports));
  });
});
