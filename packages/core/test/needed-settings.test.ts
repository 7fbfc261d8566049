import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { type ConfigInput, createPipeline, type Pipeline, validateConfig } from "../src/index";
import { pluginWith } from "./hook-recorder";

const model = join(import.meta.dirname, "../../contract/models/z-image");
const generate = { prompt: "a cat", guidance_scale: 0, height: 32, width: 32, seed: 3 };

/** Works with separate branches, in four steps and more. */
const careful = pluginWith("careful", () => ({ beforeStep: () => undefined }), {
  settings: {
    properties: {
      guidance: { enum: ["separate"] },
      generate: { required: ["prompt"], properties: { num_inference_steps: { type: "integer", minimum: 4 } } },
    },
  },
});
const config = (more: Partial<ConfigInput>): ConfigInput => ({ model, generate, plugins: [{ use: careful }], ...more });

describe("settings that a plugin needs", () => {
  let pipeline: Pipeline;
  beforeAll(async () => {
    pipeline = await createPipeline(config({ guidance: "separate" }), { cacheDir, threads: 1 });
  });
  afterAll(() => pipeline.close());

  it("are asked of the config, its defaults among them, before anything is loaded", async () => {
    const said = (given: Partial<ConfigInput>): Promise<unknown> => validateConfig(config(given));
    await expect(said({})).rejects.toMatchObject({
      problems: [
        {
          code: "SKIPSTEP_PLUGIN_SETTINGS",
          pointer: "/guidance",
          message: expect.stringMatching(/is not what plugin "careful" needs: it must be "separate", found "batch"\.$/),
        },
      ],
    });
    const few = { ...generate, num_inference_steps: 2 };
    await expect(said({ guidance: "separate", generate: few })).rejects.toMatchObject({
      problems: [{ code: "SKIPSTEP_PLUGIN_SETTINGS", pointer: "/generate/num_inference_steps" }],
    });
  });

  it("leave to requests what the config does not say", async () => {
    const { prompt: _, ...unsaid } = generate;
    await validateConfig(config({ guidance: "separate", generate: unsaid }));
  });

  it("must be a JSON Schema", async () => {
    const settings = { properties: { guidance: { type: "words" } } };
    const wrong = pluginWith("wrong", () => ({ beforeStep: () => undefined }), { settings });
    await expect(validateConfig(config({ plugins: [{ use: wrong }] }))).rejects.toMatchObject({
      code: "SKIPSTEP_PLUGIN_MANIFEST",
      message: expect.stringContaining('has "settings" that are no JSON Schema'),
    });
  });

  it("are asked of each generation, whoever says them", async () => {
    await expect(pipeline.generate({ num_inference_steps: 3 })).rejects.toMatchObject({
      code: "SKIPSTEP_PLUGIN_SETTINGS",
      message:
        'Plugin "careful" does not work with these settings: num_inference_steps must be >= 4, found 3. Change the setting, or remove the plugin.',
    });
    const { report } = await pipeline.generate({ num_inference_steps: 4 });
    expect(report.plugins[0]!.name).toBe("careful");
  });
});
