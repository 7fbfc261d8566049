import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ConfigInput, configSchema, validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { Ddpm } from "../src/index";
import { userFolder } from "./golden-model";

const folder = userFolder();
const check = (config: object) => validateConfig({ model: "ddpm", ...config } as ConfigInput, { folder });

async function failure(config: object): Promise<string> {
  const error = await check(config).then(
    () => "it did not fail",
    (thrown: { code: string; message: string }) => `${thrown.code} ${thrown.message}`,
  );
  return String(error);
}

describe("a DDPM in a config", () => {
  it.each(["ddpm", "skipstep-plugin-ddpm", join(import.meta.dirname, "..")])(
    "is run where plugins name %s",
    async (use) => {
      const { model, plugins, code } = await check({ plugins: [use] });
      expect(model.family).toMatchObject({ className: "DDPMPipeline", title: "DDPM" });
      expect(plugins.plugins.map(({ name }) => name)).toEqual(["ddpm"]);
      expect(code).toMatchObject([{ package: "skipstep-plugin-ddpm", version: "0.1.0" }]);
    },
  );

  it("is unknown otherwise, and the error says what to do", async () => {
    for (const plugins of [undefined, []])
      expect(await failure({ plugins })).toMatch(
        /SKIPSTEP_PIPELINE_UNKNOWN .*ddpm is a DDPMPipeline, which Skipstep does not run\. .*Where a package brings the family, name it in "plugins"\./,
      );
  });

  it("is unknown while no code is loaded, though it is named", async () => {
    const config = { model: "ddpm", plugins: ["ddpm"] };
    await expect(validateConfig(config, { folder, plugins: false })).rejects.toThrow(
      /is a DDPMPipeline, which Skipstep does not run\. .* No code of the config's plugins was loaded\.$/,
    );
  });

  it("is no second mistake where the plugin's name is wrong", async () => {
    expect(await failure({ plugins: ["ddqm"] })).toMatch(/^SKIPSTEP_PLUGIN_UNKNOWN [^|]*Did you mean "ddpm"\?[^|]*$/);
  });

  it("cannot be brought twice", async () => {
    const copy = join(folder, "node_modules/other-ddpm");
    mkdirSync(copy);
    cpSync(join(import.meta.dirname, "../src"), join(copy, "src"), { recursive: true });
    const source = readFileSync(join(copy, "src/ddpm.ts"), "utf8");
    writeFileSync(join(copy, "src/ddpm.ts"), source.replace('name: "ddpm"', 'name: "other-ddpm"'));
    const json = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"));
    writeFileSync(join(copy, "package.json"), JSON.stringify({ ...json, name: "other-ddpm" }));
    symlinkSync(join(import.meta.dirname, "../node_modules"), join(copy, "node_modules"));
    expect(await failure({ plugins: ["ddpm", "other-ddpm"], generate: { batch_size: 2 } })).toMatch(
      /^SKIPSTEP_FAMILY_TWICE [^|]*There are two families of the class DDPMPipeline\. Remove one of the plugins[^|]*$/,
    );
  });
});

describe("its settings", () => {
  it("have the reference's names and defaults", async () => {
    const { model } = await check({ plugins: [Ddpm] });
    expect(Object.keys(model.family.settings)).toEqual(["loras", "batch_size", "num_inference_steps", "seed"]);
    expect(model.family.defaults(model.configs, false)).toEqual({ num_inference_steps: 1000, height: 16, width: 16 });
  });

  it("are in the config's schema where the package is installed, and nowhere else", async () => {
    const settingsIn = async (place: string): Promise<object> =>
      (await configSchema(place)) as { properties: { generate: { properties: object } } } as object;
    const has = async (place: string): Promise<boolean> =>
      JSON.stringify(await settingsIn(place)).includes('"batch_size"');
    expect([await has(folder), await has(join(import.meta.dirname, "../../script"))]).toEqual([true, false]);
  });

  it.each([
    [
      { guidance_scale: 2 },
      "guidance_scale is not for DDPMPipeline, which takes: loras, batch_size, num_inference_steps, seed",
    ],
    [{ prompt: "a cat" }, "prompt is not for DDPMPipeline, which takes"],
    [{ height: 32 }, "height is not for DDPMPipeline, which takes"],
    [{ batch_sise: 2 }, 'Did you mean "batch_size"?'],
    [{ batch_size: 0 }, "batch_size"],
    [{ batch_size: 300 }, "batch_size must be at most 256, found 300 images"],
  ])("refuse %j", async (generate, text) => {
    expect((await failure({ plugins: ["ddpm"], generate })).replaceAll("/generate/", "")).toContain(text);
  });

  it("are bounded by memory under their own name", async () => {
    const config = { plugins: ["ddpm"], generate: { batch_size: 256 }, limits: { memory_gb: 0.01 } };
    expect(await failure(config)).toMatch(
      /batch_size 256 of 16 x 16 takes about [\d.]+ GB besides the weights, and limits\.memory_gb is 0\.0 GB\. Make less at a time, or raise/,
    );
  });

  it("are no other family's", async () => {
    const model = join(import.meta.dirname, "../../../models/emoji");
    const generate = { prompt: "red heart", batch_size: 2 };
    expect(await failure({ model, plugins: ["ddpm"], generate })).toContain("batch_size is not for");
  });
});

it.each(["EulerDiscreteScheduler", "FlowMatchEulerDiscreteScheduler"])(
  "its pipeline refuses %s by name",
  async (type) => {
    expect(await failure({ plugins: ["ddpm"], scheduler: { type } })).toMatch(
      new RegExp(
        `SKIPSTEP_SCHEDULER_UNFIT .*DDPMPipeline cannot use the scheduler ${type}\\. It can use: .*DDPMScheduler`,
      ),
    );
  },
);
