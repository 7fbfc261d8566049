import { join } from "node:path";
import { type ConfigInput, configSchema, createPipeline, validateConfig } from "@skipstep/core";
import { defineScheduler } from "@skipstep/core/model";
import { type Plugin, plugin } from "@skipstep/core/plugin";
import { describe, expect, it } from "vitest";
import { Ddpm } from "../src/index";
import { draw } from "./draw";
import { userFolder } from "./golden-model";

const folder = userFolder();
const type = "GradientEstimationScheduler";

async function failure(config: object): Promise<string> {
  return validateConfig({ model: "ddpm", plugins: ["ddpm"], ...config } as ConfigInput, { folder }).then(
    () => "it did not fail",
    ({ code, message }) => `${code} ${message}`,
  );
}

/** Values of the image. */
async function drawn(scheduler: NonNullable<ConfigInput["scheduler"]>): Promise<Float32Array> {
  const { images, report } = await draw(folder, { scheduler, generate: { seed: 14, num_inference_steps: 10 } });
  expect(report.warnings).toEqual([]);
  return images[0]!.values;
}

describe("the package's own scheduler", () => {
  it("is DDIM where the noise is not continued", async () => {
    const [ddim, plain, continued] = [
      await drawn({ type: "DDIMScheduler" }),
      await drawn({ type, gamma: 1 }),
      await drawn({ type }),
    ];
    expect(plain).toEqual(ddim);
    expect(continued).not.toEqual(ddim);
  });

  it("is told of in the report", async () => {
    const { report, recipe } = await draw(folder, { scheduler: { type }, generate: { num_inference_steps: 2 } });
    expect(report.plugins[0]!.summary).toBe(`runs a DDPMPipeline; steps by ${type}`);
    expect(recipe.config.scheduler).toMatchObject({ type });
  });

  it("has its options in the config's schema", async () => {
    const schema = (await configSchema(folder)) as { properties: { scheduler: { properties: object } } };
    expect(schema.properties.scheduler.properties).toMatchObject({ type: { enum: expect.arrayContaining([type]) } });
    expect(JSON.stringify(schema.properties.scheduler)).toContain("How far the noise is continued");
  });

  it.each([
    [{ type: "GradientEstimation" }, `Did you mean "${type}"?`],
    [{ type, gama: 2 }, 'Did you mean "gamma"?'],
    [{ type, gamma: 0.5 }, "must be >= 1, found 0.5"],
    [{ type, eta: 1 }, '"eta"'],
  ])("%j is refused", async (scheduler, text) => {
    expect(await failure({ scheduler })).toContain(text);
  });

  it("is unknown without the package", async () => {
    const model = join(import.meta.dirname, "../../../models/emoji-unet");
    const config = { model, generate: { prompt: "red heart" }, scheduler: { type } };
    expect(await failure({ ...config, plugins: [] })).toMatch(/^SKIPSTEP_SCHEDULER_UNKNOWN/);
    expect(await failure({ ...config, plugins: ["ddpm"] })).toBe("it did not fail");
  });

  it("steps other families' models that were trained so, and no flows", async () => {
    const models = join(import.meta.dirname, "../../../models");
    const generate = { prompt: "red heart", seed: 1, num_inference_steps: 2, height: 64, width: 64 };
    const config = { plugins: [Ddpm], scheduler: { type }, generate };
    const pipeline = await createPipeline(
      { ...config, model: join(models, "emoji-unet") },
      { cacheDir: join(folder, "cache") },
    );
    try {
      const { report } = await pipeline.generate();
      expect(report.plugins).toMatchObject([{ name: "ddpm", effect: true, summary: `steps by ${type}` }]);
    } finally {
      await pipeline.close();
    }
    expect(await failure({ ...config, model: join(models, "emoji") })).toMatch(/^SKIPSTEP_SCHEDULER_UNFIT/);
  });

  it("cannot be brought twice", async () => {
    const twin = defineScheduler({
      className: type,
      processes: ["variance-preserving"],
      options: {},
      create: () => {
        throw new Error("never made");
      },
    });
    @plugin<Record<string, never>>({
      name: "twin",
      description: "Brings a scheduler of the same class.",
      options: { type: "object", additionalProperties: false, required: [], properties: {} },
      schedulers: [twin],
    })
    class Twin implements Plugin {}
    expect(await failure({ plugins: ["ddpm", Twin] })).toMatch(
      /^SKIPSTEP_SCHEDULER_TWICE [^|]*There are two schedulers of the class GradientEstimationScheduler\.[^|]*$/,
    );
  });
});
