import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ownFamilies as families } from "../src/families/families";
import {
  type Architecture,
  autoencoderClasses,
  autoencoderKl,
  defineFamily,
  type FamilyDefinition,
  qwen3,
  type SettingTable,
  take,
  zImage,
} from "../src/model";

it("the README lists every family that Skipstep runs", () => {
  const readme = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8");
  for (const { className } of families) expect(readme).toContain(`\`${className}\``);
});

describe("components of a family that is defined", () => {
  const whole = {
    className: "APipeline",
    settings: take("prompt"),
    components: { text_encoder: qwen3, transformer: zImage, vae: autoencoderClasses },
    open: () => Promise.reject(new Error("it is not opened here")),
  };
  const define = (change: object = {}) =>
    defineFamily({ ...whole, ...change } as unknown as FamilyDefinition<SettingTable>);

  const needsDenoiser =
    'The family APipeline needs a component with a "structure", which plugins go by, or a "denoiser" that says which of several.';

  it("are found by the names of their architectures and by what checkpoints call these besides", () => {
    const { components, denoiser } = define();
    expect(Object.keys(components.text_encoder!)).toEqual(["Qwen3Model", "Qwen3ForCausalLM"]);
    expect(components.text_encoder!.Qwen3ForCausalLM).toEqual({ architecture: qwen3, entry: "encode" });
    expect(components.transformer).toEqual({ ZImageTransformer2DModel: { architecture: zImage, entry: "forward" } });
    expect(components.vae).toBe(autoencoderClasses);
    expect(denoiser).toBe("transformer");
  });

  it("may be one of several, and any name for one", () => {
    const other = { ...qwen3, className: "OtherModel", aliases: [] } as Architecture;
    const named = { MyModel: { architecture: zImage as Architecture, entry: "forward" } };
    const { components } = define({ components: { text_encoder: [qwen3, other], transformer: named } });
    expect(Object.keys(components.text_encoder!)).toEqual(["Qwen3Model", "Qwen3ForCausalLM", "OtherModel"]);
    expect(components.transformer).toBe(named);
  });

  it.each<[string, object]>([
    ['The family APipeline needs "components": what each may be.', { components: undefined }],
    ['The family APipeline needs "components": what each may be.', { components: { transformer: undefined } }],
    [
      "The family APipeline must say which function of AutoencoderKL it runs.",
      { components: { transformer: zImage, vae: autoencoderKl } },
    ],
    [needsDenoiser, { components: { text_encoder: qwen3 } }],
    [needsDenoiser, { components: { transformer: zImage, again: zImage } }],
    [needsDenoiser, { denoiser: "unet" }],
    ['The family APipeline draws by "labels", which is none of its settings.', { subject: { setting: "labels" } }],
    [
      'The family APipeline draws by "seed", which must be a list: each entry is an image.',
      { subject: { setting: "seed" }, settings: take("seed") },
    ],
    ['The family APipeline counts images by "count", which is none of its settings.', { imagesSetting: "count" }],
    ['The family APipeline needs "open", which gives the pipeline.', { open: undefined }],
    ['The family APipeline needs a "structure" of Qwen3Model, for plugins.', { denoiser: "text_encoder" }],
  ])("are refused: %s", (message, change) => {
    expect(() => define(change)).toThrow(expect.objectContaining({ code: "SKIPSTEP_FAMILY_INVALID", message }));
  });
});
