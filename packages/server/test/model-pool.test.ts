import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { ModelPool } from "../src/models/model-pool";
import { served } from "./served";

const config = join(import.meta.dirname, "../../../configs/emoji.json");
const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-pool-"));
afterAll(() => rmSync(cacheDir, { recursive: true }));

it("closes the model that nobody asked for longest when another needs the memory", async () => {
  const ids = ["a", "b", "c"];
  const models = ids.map((id) => ({ id, config }));
  const { estimatedMemory } = (await ModelPool.of(models, { cacheDir })).get("a").inspection;
  const pool = await ModelPool.of(models, { cacheDir, memoryGb: (2.5 * estimatedMemory) / 1e9 });
  const open = (): string[] => pool.models.filter(({ isOpen }) => isOpen).map(({ id }) => id);
  try {
    for (const id of ["a", "b", "a", "c"]) await pool.open(id, undefined, {});
    expect(open()).toEqual(["a", "c"]);
    await pool.forget("a");
    expect(open()).toEqual(["c"]);
    await expect(async () => pool.get("d")).rejects.toMatchObject({ status: 404, param: "model" });
  } finally {
    await pool.close();
  }
  expect(open()).toEqual([]);
});

const server = served(
  { plugins: ["@skipstep/plugin-fbcache"] },
  { plugins: [{ use: "@skipstep/plugin-cache-dit", options: { Fn_compute_blocks: 1 } }] },
);

it("draws with the config's plugins, or with those of a request that the operator allows", async () => {
  const ask = async (fields: object): Promise<{ plugins: { name: string }[] }[]> => {
    const response = await server.ask("/v1/images/generations", { prompt: "red heart", ...fields });
    const { skipstep, error } = await response.json();
    if (error) throw Object.assign(new Error(error.message), error);
    return skipstep.reports;
  };
  const names = async (fields: object): Promise<string[]> => (await ask(fields))[0]!.plugins.map(({ name }) => name);
  expect(await names({})).toEqual(["cache-dit"]);
  expect(await names({ plugins: [] })).toEqual([]);
  expect(await names({ plugins: [{ use: "@skipstep/plugin-fbcache", options: { threshold: 0.1 } }] })).toEqual([
    "fbcache",
  ]);
  expect(await names({})).toEqual(["cache-dit"]);
  const refused = { param: "plugins", code: "plugin_not_allowed" };
  await expect(ask({ plugins: ["@skipstep/plugin-fora"] })).rejects.toMatchObject(refused);
  const options = { steps_mask: "../secret" };
  await expect(ask({ plugins: [{ use: "@skipstep/plugin-cache-dit", options }] })).rejects.toMatchObject(refused);
});
