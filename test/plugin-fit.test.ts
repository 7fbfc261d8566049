import { join } from "node:path";
import { validateConfig } from "@skipstep/core";
import type { PluginClass } from "@skipstep/core/plugin";
import { expect, it } from "vitest";
import { CacheDit } from "../plugins/cache-dit/src/index";
import { DeepCache } from "../plugins/deepcache/src/index";
import { EasyCache } from "../plugins/easycache/src/index";
import { FirstBlockCache } from "../plugins/fbcache/src/index";
import { Fora } from "../plugins/fora/src/index";
import { SeaCache } from "../plugins/seacache/src/index";
import { ToMe } from "../plugins/tome/src/index";

const transformers = [
  "dit",
  "flux",
  "flux2-klein-base",
  "pixart",
  "pixart-alpha",
  "sana",
  "sana-sprint",
  "sd3",
  "z-image",
];
const unets = ["sd15", "sdxl"];

async function problem(
  model: string,
  ...plugins: PluginClass[]
): Promise<{ code?: string; message: string } | undefined> {
  const generate = { height: 64, width: 64 };
  const config = { model: join(import.meta.dirname, "golden/pipelines", model), plugins, generate };
  return validateConfig(config).then(
    () => undefined,
    (error) => error,
  );
}

it.each(transformers)(
  "deepcache on %s is refused before anything is loaded, and names the models that it fits",
  async (model) => {
    const { code, message } = (await problem(model, DeepCache as PluginClass))!;
    expect(code).toBe("SKIPSTEP_PLUGIN_REQUIRES");
    expect(message).toContain('Plugin "deepcache" needs a model with: unet.');
    expect(message).toMatch(/Models that have it: .*Stable Diffusion 1\.5, 2\.1; Stable Diffusion XL/);
    expect(message).not.toMatch(/FLUX|DiT;|Z-Image/);
  },
);

it.each(unets)("a transformer's caches on %s are refused, and name the models that they fit", async (model) => {
  for (const plugin of [FirstBlockCache, CacheDit, Fora, SeaCache] as PluginClass[]) {
    const { code, message } = (await problem(model, plugin))!;
    expect(code).toBe("SKIPSTEP_PLUGIN_REQUIRES");
    for (const family of ["DiT", "FLUX.1", "PixArt", "SANA", "SANA-Sprint", "Stable Diffusion 3", "Z-Image"])
      expect(message).toContain(family);
    expect(message).not.toContain("Stable Diffusion XL");
  }
});

it("two that decide are refused with both names, whatever the model", async () => {
  for (const model of ["dit", "sd15"]) {
    const { message } = (await problem(model, FirstBlockCache as PluginClass, CacheDit as PluginClass))!;
    expect(message).toContain('Plugins "fbcache" and "cache-dit" both decide which blocks run. Keep one of them.');
  }
  const { code } = (await problem("dit", FirstBlockCache as PluginClass, Fora as PluginClass))!;
  expect(code).toBe("SKIPSTEP_PLUGIN_CONFLICT");
});

it("a cache of whole predictions stands beside none of blocks, since it decides about these too", async () => {
  for (const [model, other] of [
    ["flux", SeaCache],
    ["sd15", DeepCache],
  ] as [string, PluginClass][]) {
    const { code, message } = (await problem(model, EasyCache as PluginClass, other))!;
    expect(code).toBe("SKIPSTEP_PLUGIN_CONFLICT");
    expect(message).toContain('Plugins "easycache" and "');
    expect(message).toContain("both decide which blocks run");
  }
});

it.each([
  ["sd3", /does not fit SD3Transformer2DModel: .* the last block, which returns no text\./],
  ["flux2-klein-base", /does not fit Flux2Transformer2DModel: .* single blocks return text and image as one\./],
  ["dit", /does not fit DiTTransformer2DModel: its filter is for models of a flow/],
  ["pixart", /does not fit PixArtTransformer2DModel: its filter is for models of a flow/],
])("seacache on %s is refused before anything is loaded, and says why", async (model, expected) => {
  expect(await problem(model, SeaCache as PluginClass)).toMatchObject({
    code: "SKIPSTEP_PLUGIN_REQUIRES",
    message: expect.stringMatching(expected),
  });
});

it("tome fits where blocks have a picture's tokens, and is refused by name elsewhere", async () => {
  const fits = ["dit", "pixart", "pixart-alpha", ...unets];
  for (const model of [...transformers, ...unets]) {
    const found = await problem(model, ToMe as PluginClass);
    if (fits.includes(model)) expect(found, model).toBeUndefined();
    else expect(found?.message, model).toContain('Plugin "tome" needs a model with: picture-tokens.');
  }
});

it("every cache fits where its structure is", async () => {
  for (const model of transformers) expect(await problem(model, FirstBlockCache as PluginClass)).toBeUndefined();
  for (const model of unets) expect(await problem(model, DeepCache as PluginClass)).toBeUndefined();
  for (const model of [...transformers, ...unets])
    expect(await problem(model, EasyCache as PluginClass)).toBeUndefined();
  for (const model of ["flux", "qwen-image", "sana", "sana-sprint", "z-image"])
    expect(await problem(model, SeaCache as PluginClass)).toBeUndefined();
});
