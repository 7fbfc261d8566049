import { join } from "node:path";
import { expect, it } from "vitest";
import { validateConfig } from "../src/index";
import { type Decision, decisionsOf, manifestOf, type PluginClass } from "../src/plugin";
import { pluginWith } from "./hook-recorder";

const model = join(import.meta.dirname, "../../contract/models/z-image");

const deciding = (name: string, decides: boolean | Decision | readonly Decision[]): PluginClass =>
  pluginWith(name, () => ({ beforeStep: () => undefined }), { decides, regions: () => [] });

/** What is wrong with a config of these plugins; no weight is read for it. */
async function problems(...plugins: PluginClass[]): Promise<string> {
  const generate = { prompt: "a cat", height: 32, width: 32 };
  const error = await validateConfig({ model, plugins, generate }).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  return error?.message ?? "";
}

it("names what plugins decide, true being blocks", () => {
  const found = [true, false, "guidance", ["blocks", "predictions"]] as const;
  expect(found.map((decides) => decisionsOf(manifestOf(deciding("a", decides))!))).toEqual([
    ["blocks"],
    [],
    ["guidance"],
    ["blocks", "predictions"],
  ]);
});

it("lets stand together what decides different things", async () => {
  const three = [deciding("cache", true), deciding("guides", "guidance"), deciding("whole", "predictions")];
  expect(await problems(...three)).toBe("");
});

it.each<[boolean | Decision, boolean | Decision | Decision[], string]>([
  [true, "blocks", "which blocks run"],
  ["guidance", ["predictions", "guidance"], "which branches of guidance run and how they are combined"],
  ["predictions", "predictions", "which predictions are computed"],
])("finds two that decide the same: %j and %j", async (one, other, what) => {
  expect(await problems(deciding("first", one), deciding("second", other))).toContain(
    `Plugins "first" and "second" both decide ${what}. Keep one of them.`,
  );
});

it("refuses a manifest that decides what there is not", () => {
  expect(() => deciding("odd", "everything" as never)).toThrow(
    /"decides" must be true or of blocks, guidance, predictions, found "everything"/,
  );
});
