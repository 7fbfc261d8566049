import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { exitCodeOf, exitCodes } from "../src/exit-codes";
import { root } from "./skipstep";

describe("exit codes", () => {
  const documented = readFileSync(path.join(root, "docs/errors.md"), "utf8").match(
    /(?<=^\| `)SKIPSTEP_[A-Z_]+(?=`)/gm,
  )!;

  it("has one for every code that docs/errors.md lists", () => {
    expect(documented.length).toBeGreaterThan(50);
    expect(documented.filter((code) => exitCodeOf(code) === undefined)).toEqual([]);
  });

  it.each([
    ["SKIPSTEP_CONFIG_CIRCLE", 3],
    ["SKIPSTEP_SCHEDULER_UNKNOWN", 3],
    ["SKIPSTEP_TENSOR_MISSING", 4],
    ["SKIPSTEP_TENSOR_EXPIRED", 6],
    ["SKIPSTEP_PLUGIN_CONFLICT", 5],
    ["SKIPSTEP_PLUGIN_OPTION", 3],
    ["SKIPSTEP_CACHE_FULL", 6],
    ["SKIPSTEP_OUTPUT_UNWRITABLE", 7],
    ["SKIPSTEP_CANCELLED", 130],
    ["ENOENT", undefined],
  ])("%s is %s", (code, exitCode) => {
    expect(exitCodeOf(code)).toBe(exitCode);
  });

  it("are in docs/cli.md, word for word", () => {
    const page = readFileSync(path.join(root, "docs/cli.md"), "utf8");
    const rows = [...page.matchAll(/^\| (\d+) +\| (.*?) +\|/gm)].map(([, code, meaning]) => [code, meaning]);
    expect(rows).toEqual(Object.entries(exitCodes));
  });
});
