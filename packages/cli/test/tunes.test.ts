import { readdirSync } from "node:fs";
import path from "node:path";
import { type AnyManifest, manifestOf } from "@skipstep/core/plugin";
import { describe, expect, it } from "vitest";
import { valuesOf } from "../src/tune/knob";
import { root } from "./skipstep";

interface OptionSchema {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

const manifests: AnyManifest[] = [];
for (const name of readdirSync(path.join(root, "plugins"))) {
  const exported = Object.values(await import(path.join(root, "plugins", name, "src/index.ts")));
  manifests.push(...exported.flatMap((value) => manifestOf(value) ?? []));
}

describe("options to tune", () => {
  const tuned = manifests.flatMap(({ name, tunes = {}, options }) =>
    Object.entries(tunes).map(([option, range]) => ({ name, option, range: range!, options })),
  );

  it("are there for the caches", () => {
    expect(tuned.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["cache-dit", "deepcache", "fbcache", "fora"]),
    );
  });

  it.each(tuned)("$name's $option has values that its schema takes", ({ option, range, options }) => {
    const schema = (options as { properties: Readonly<Record<string, OptionSchema>> }).properties[option]!;
    const values = valuesOf(range);
    expect(new Set(values).size).toBe(values.length);
    expect(values.length).toBeGreaterThan(1);
    for (const value of values) {
      if (typeof value !== "number") continue;
      expect(value).toBeGreaterThanOrEqual(schema.minimum ?? value);
      expect(value).toBeLessThanOrEqual(schema.maximum ?? value);
      if (schema.type === "integer") expect(Number.isInteger(value)).toBe(true);
    }
  });
});
