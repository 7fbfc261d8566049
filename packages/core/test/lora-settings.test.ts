import { describe, expect, it } from "vitest";
import { processorTime } from "../../../test/processor-time";
import { loraWarnings } from "../src/start/apply-loras";
import { apply, file, fileWithHeader, fileWithMetadata, ones, root, tensor, unet, values } from "./apply-lora";
import { type StoredTensor, thrown, write } from "./checkpoint-files";

const modules = [
  "blocks.0.attn.to_q",
  "blocks.1.attn.to_q",
  "blocks.10.attn.to_q",
  "blocks.0.attn.to_k",
  "blocks.0.ff.to_q",
];
const model = unet(...modules.map((name): [string, StoredTensor] => [name, ones(1, 1)]));
const lora = (prefix: string): Record<string, StoredTensor> =>
  Object.fromEntries(
    modules.flatMap((name): [string, StoredTensor][] => [
      [`${prefix}${name}.lora_A.weight`, tensor([2, 1], 1, 0)],
      [`${prefix}${name}.lora_B.weight`, tensor([1, 2], 1, 0)],
    ]),
  );

/** alpha / rank of each module. */
function factors(path: string): number[] {
  const applied = apply({ unet: model }, [[path, 1]]);
  expect(loraWarnings(applied.loras)).toEqual([]);
  return modules.map((name) => values(applied, "unet", `${name}.weight`)[0]! - 1);
}

function withSettings(settings: object): number[] {
  const own = Object.fromEntries(
    Object.entries({ r: 2, lora_alpha: 2, ...settings }).map(([key, value]) => [`unet.${key}`, value]),
  );
  return factors(fileWithMetadata(lora("unet."), own));
}

/** Rows of the reference: peft 0.21.2's `get_pattern_key` for these patterns and modules, alpha 20 where one fits. */
describe("alpha_pattern", () => {
  it.each([
    ["to_q", [10, 10, 10, 1, 10]],
    ["to_q|to_k", [10, 10, 10, 10, 10]],
    ["o_q", [1, 1, 1, 1, 1]],
    ["attn.to_q", [10, 10, 10, 1, 1]],
    ["attn", [1, 1, 1, 1, 1]],
    ["^blocks.0.attn.to_q", [10, 1, 1, 1, 1]],
    ["^attn.to_q", [1, 1, 1, 1, 1]],
    ["blocks.1.attn.to_q", [1, 10, 1, 1, 1]],
    ["blocks\\.1.*", [1, 10, 10, 1, 1]],
    ["blocks\\.\\d\\..*", [10, 10, 1, 10, 10]],
    [".*\\.attn\\.(to_q|to_k)$", [10, 10, 10, 10, 1]],
    ["blocks.(0|10).(attn|ff).to_q", [10, 1, 10, 1, 10]],
    ["TO_Q", [1, 1, 1, 1, 1]],
    ["(?i:TO_Q)", [10, 10, 10, 1, 10]],
    ["(?P<block>blocks).+k", [1, 1, 1, 10, 1]],
  ])("%s", (pattern, expected) => {
    expect(withSettings({ alpha_pattern: { [pattern]: 20 } })).toEqual(expected);
  });

  it("of which several fit is the first's", () => {
    expect(withSettings({ alpha_pattern: { "blocks.0.*": 4, to_q: 20 } })).toEqual([2, 10, 10, 2, 2]);
    expect(withSettings({ alpha_pattern: { to_q: 20, "blocks.0.*": 4 } })).toEqual([10, 10, 10, 2, 10]);
  });

  it("fits names with underscores for dots as those of the model", () => {
    const tensors = Object.fromEntries(
      modules.flatMap((name): [string, StoredTensor][] => [
        [`lora_unet_${name.replaceAll(".", "_")}.lora_down.weight`, tensor([2, 1], 1, 0)],
        [`lora_unet_${name.replaceAll(".", "_")}.lora_up.weight`, tensor([1, 2], 1, 0)],
      ]),
    );
    const settings = { "unet.lora_alpha": 2, "unet.alpha_pattern": { "attn.to_k": 20 } };
    expect(factors(fileWithMetadata(tensors, settings))).toEqual([1, 1, 1, 10, 1]);
  });

  it.each(["(?=to_q)", "(?<!ff.)to_q", "(a)\\1", "to_q\\Z", "(?i)to_q", "(", "a{,3}", "\\pL"])(
    "%s is no expression that is run, and named",
    (pattern) => {
      expect(thrown(() => withSettings({ alpha_pattern: { [pattern]: 20 } }))).toMatch(
        /_LORA_INVALID: .* in its alpha_pattern, a regular expression/,
      );
    },
  );

  it("takes no longer the more often it repeats itself", () => {
    const pattern = `(${"(\\w*\\.?)*".repeat(20)})*x`;
    expect(processorTime(() => withSettings({ alpha_pattern: { [pattern]: 20 } }))).toBeLessThan(10);
  });

  it("of something else than numbers is an error", () => {
    expect(thrown(() => withSettings({ alpha_pattern: { to_q: "20" } }))).toMatch(
      /no number for "to_q" in its alpha_pattern/,
    );
    expect(thrown(() => withSettings({ alpha_pattern: ["to_q"] }))).toMatch(/alpha_pattern that is no object/);
    expect(thrown(() => withSettings({ lora_alpha: "2" }))).toMatch(/lora_alpha that is no number/);
  });
});

describe("rank_pattern", () => {
  it("says the rank as the tensors do", () => {
    expect(withSettings({ r: 8, rank_pattern: { "to_q|to_k": 2 } })).toEqual([1, 1, 1, 1, 1]);
    expect(withSettings({ lora_alpha: 8, use_rslora: true })[0]).toBeCloseTo(8 / Math.sqrt(2), 5);
  });

  it("that says another rank than the tensors have is an error", () => {
    expect(thrown(() => withSettings({ rank_pattern: { "blocks.1.attn.to_q": 4 } }))).toMatch(
      /_LORA_INVALID: .* says that "blocks.1.attn.to_q" has rank 4, and its tensors have rank 2/,
    );
  });
});

describe("settings", () => {
  it("stand in adapter_config.json, too", () => {
    const path = file(lora("base_model.model."), "peft/adapter_model.safetensors");
    write(`${root}/peft/adapter_config.json`, JSON.stringify({ r: 2, lora_alpha: 2, alpha_pattern: { "to_q|x": 20 } }));
    expect(factors(path)).toEqual([10, 10, 10, 1, 10]);
  });

  it("are of the file beside them by another name, too, where PEFT wrote it and it is alone", () => {
    const settings = JSON.stringify({ r: 2, lora_alpha: 20 });
    const path = file(lora("base_model.model."), "renamed/cat.safetensors");
    write(`${root}/renamed/adapter_config.json`, settings);
    expect(factors(path)).toEqual([10, 10, 10, 10, 10]);
    const other = file(lora("unet."), "other/cat.safetensors");
    write(`${root}/other/adapter_config.json`, settings);
    expect(factors(other)).toEqual([1, 1, 1, 1, 1]);
  });

  it("of other kinds of adapters are an error", () => {
    const refused = (settings: object): string => thrown(() => withSettings(settings));
    expect(refused({ peft_type: "OFT" })).toMatch(/_LORA_KIND: .* is an adapter of type OFT, by its "unet.peft_type"/);
    expect(refused({ init_lora_weights: "pissa_niter_4" })).toMatch(/_LORA_KIND: .* on top of other weights/);
    expect(refused({ layer_replication: [[0, 1]] })).toMatch(/_LORA_KIND: .* with layer_replication/);
  });

  it("that are not known are named; those that say nothing are not", () => {
    const settings = {
      "unet.r": 2,
      "unet.new_thing": 3,
      "unet.other": {},
      "unet.lora_dropout": 0.1,
      "unet.fan_in_fan_out": true,
    };
    const { loras } = apply({ unet: model }, [[fileWithMetadata(lora("unet."), settings), 1]]);
    expect(loraWarnings(loras)).toEqual([expect.stringMatching(/: its setting "unet.new_thing" is not known/)]);
  });

  it("and an alpha beside them must say the same", () => {
    const [first] = modules;
    const own = (alpha: number): string =>
      fileWithMetadata({ ...lora("unet."), [`unet.${first}.alpha`]: tensor([], alpha) }, { "unet.lora_alpha": 2 });
    expect(factors(own(2))).toEqual([1, 1, 1, 1, 1]);
    expect(thrown(() => factors(own(4)))).toMatch(/_LORA_INVALID: .* alpha of 4 .* other settings that say 2/);
  });

  it("of trainers say which family a LoRA is for", () => {
    const path = fileWithHeader(lora("unet."), { ss_base_model_version: "sdxl_base_v1-0" });
    const family = { className: "StableDiffusionPipeline" };
    const sd21 = { ...model, config: { cross_attention_dim: 1024 } };
    expect(loraWarnings(apply({ unet: sd21 }, [[path, 1]], family).loras)).toEqual([
      `${path}: by its header it is for Stable Diffusion XL; this model is Stable Diffusion 2.1.`,
    ]);
  });
});
