import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { sizeOf } from "../src/tensor";
import { safetensors, temporaryFolder, thrown, vector, write } from "./checkpoint-files";
import { openCheckpoint } from "./open-known";

const emoji = fileURLToPath(new URL("../../../models/emoji", import.meta.url));
const root = temporaryFolder();
const vae = { vae: ["diffusers", "AutoencoderKL"] };
const index = (entries: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ _class_name: "SomePipeline", ...entries });

/** A checkpoint of one component, `vae`, whose weights lie in these files. */
function checkpoint(
  name: string,
  entries: Readonly<Record<string, unknown>> = vae,
  files: readonly string[] = [],
): string {
  const folder = join(root, name);
  write(join(folder, "model_index.json"), index(entries));
  write(join(folder, "vae", "config.json"), '{"latent_channels": 4}');
  for (const file of files) write(join(folder, "vae", file), safetensors({ [file]: vector(1) }));
  return folder;
}

describe("the emoji model", () => {
  const { className, components, component, folder } = openCheckpoint(emoji);

  it("has its class, and its components with their configs", () => {
    expect([folder, className]).toEqual([emoji, "ZImagePipeline"]);
    expect([...components.values()].map(({ name, library, className }) => [name, library, className])).toEqual([
      ["scheduler", "diffusers", "FlowMatchEulerDiscreteScheduler"],
      ["text_encoder", "transformers", "Qwen3ForCausalLM"],
      ["tokenizer", "transformers", "PreTrainedTokenizerFast"],
      ["transformer", "diffusers", "ZImageTransformer2DModel"],
      ["vae", "diffusers", "AutoencoderTiny"],
    ]);
    expect(component("scheduler").config.shift).toBe(3);
    expect(component("transformer").config._class_name).toBe("ZImageTransformer2DModel");
    expect(component("text_encoder").config.architectures).toEqual(["Qwen3ForCausalLM"]);
    expect(component("tokenizer").config.tokenizer_class).toBe("TokenizersBackend");
  });

  it.each(["text_encoder", "transformer", "vae"])("has finite weights in %s, each of its shape", (name) => {
    const weights = component(name).weights();
    expect(weights.names.length).toBeGreaterThan(30);
    for (const tensor of weights.names) {
      const floats = weights.readFloat32(tensor);
      expect(floats).toHaveLength(sizeOf(weights.entry(tensor).shape));
      expect(floats.every(Number.isFinite)).toBe(true);
    }
    weights.close();
  });
});

describe("model_index.json", () => {
  it("may leave components out, and carry options", () => {
    const { components, options, className } = openCheckpoint(
      checkpoint("options", {
        ...vae,
        _class_name: ["module", "OwnPipeline"],
        transformer_2: [null, null],
        image_encoder: ["transformers", "CLIPVisionModelWithProjection"], // not downloaded: not needed
        image_processor: null,
        boundary_ratio: 0.875,
        is_distilled: false,
        out_layers: [9, 18],
      }),
    );
    expect(className).toBe("OwnPipeline");
    expect([...components.keys()]).toEqual(["vae"]);
    expect(options).toEqual({ boundary_ratio: 0.875, is_distilled: false, out_layers: [9, 18] });
  });

  it.each([
    ["no JSON", "{", "is not JSON ("],
    ["a text", '"model"', "holds no JSON object"],
    ["without a class", "{}", 'has no "_class_name"'],
    ["leaving the folder", index({ "../x": ["a", "b"] }), 'names a component "../x", which is no folder\'s name'],
  ])("that is %s is refused", (name, content, problem) => {
    const file = write(join(root, "bad", name, "model_index.json"), content);
    expect(thrown(() => openCheckpoint(join(root, "bad", name)))).toContain(
      `SKIPSTEP_CHECKPOINT_INVALID: ${file} ${problem}`,
    );
  });

  it("that is missing: says what the path is instead", () => {
    const plain = checkpoint("plain");
    mkdirSync(join(root, "nothing"));
    const file = write(join(root, "lone", "config.json"), "{}");
    const refusal = (path: string) =>
      thrown(() => openCheckpoint(path)).replace(`${path} is no diffusers checkpoint: `, "");
    expect(refusal(join(root, "nowhere"))).toBe(
      "SKIPSTEP_CHECKPOINT_MISSING: there is no such folder. Check the path.",
    );
    expect(refusal(file)).toContain("it is a file. Give a diffusers folder");
    expect(refusal(join(root, "nothing"))).toContain(
      "it has no model_index.json. It has: none. Download the whole checkpoint.",
    );
    expect(refusal(join(plain, "vae"))).toContain(
      `it is a single component of one. It has: config.json. Give ${plain}.`,
    );
    expect(refusal(join(root, "lone"))).toContain("Give the folder above, with model_index.json.");
    const above = join(root, "above");
    checkpoint(join("above", "inner"));
    expect(refusal(above)).toContain("It has: inner. Give one of the folders in it: inner.");
  });
});

describe("components", () => {
  it("whose folder is missing", () => {
    const folder = checkpoint("folder", { ...vae, unet: ["diffusers", "UNet2DConditionModel"] });
    expect(thrown(() => openCheckpoint(folder))).toBe(
      `SKIPSTEP_COMPONENT_MISSING: ${join(folder, "model_index.json")} names a component "unet", but there is no such ` +
        'folder beside it. There are: model_index.json, vae. Download "unet" as well.',
    );
  });

  it("whose config is missing or broken", () => {
    const folder = checkpoint("config", { ...vae, scheduler: ["diffusers", "DDIMScheduler"] });
    const config = join(folder, "scheduler", "scheduler_config.json");
    write(join(folder, "scheduler", "config.json"), "{}");
    expect(thrown(() => openCheckpoint(folder))).toBe(
      `SKIPSTEP_COMPONENT_MISSING: Component "scheduler" has no ${config}. Its folder has: config.json. Download the file.`,
    );
    write(config, "{,");
    expect(thrown(() => openCheckpoint(folder))).toContain(`SKIPSTEP_CHECKPOINT_INVALID: ${config} is not JSON (`);
  });

  it("that work without a config have an empty one", () => {
    const folder = checkpoint("tokenizer", { tokenizer: ["transformers", "CLIPTokenizer"] });
    write(join(folder, "tokenizer", "vocab.json"), "{}");
    expect(openCheckpoint(folder).component("tokenizer").config).toEqual({});
  });

  it("that the checkpoint does not have", () => {
    const { folder, component } = openCheckpoint(checkpoint("unknown"));
    expect(thrown(() => component("vea"))).toBe(
      `SKIPSTEP_COMPONENT_MISSING: ${folder} has no component "vea". Did you mean "vae"? It has: vae. Use a checkpoint that has it.`,
    );
  });

  it("whose weights are missing say so when they are asked for", () => {
    const { component } = openCheckpoint(checkpoint("weightless"));
    expect(thrown(() => component("vae").weights())).toContain("SKIPSTEP_WEIGHTS_MISSING");
  });
});

describe("a variant", () => {
  const files = ["diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors"];
  const namesOf = (folder: string, name: string, variant?: string) => {
    const weights = openCheckpoint(folder, { variant }).component(name).weights();
    weights.close();
    return weights.names;
  };

  it("is taken where a component has it, plain weights elsewhere", () => {
    const folder = checkpoint("variant", { ...vae, text_encoder: ["transformers", "CLIPTextModel"] }, files);
    write(join(folder, "text_encoder", "config.json"), "{}");
    write(join(folder, "text_encoder", "model.safetensors"), safetensors({ plain: vector(1) }));
    expect(namesOf(folder, "vae")).toEqual([files[0]]);
    expect(namesOf(folder, "vae", "fp16")).toEqual([files[1]]);
    expect(namesOf(folder, "text_encoder", "fp16")).toEqual(["plain"]);
  });

  it("that no component has is refused", () => {
    const refusal = (folder: string, variant: string) => thrown(() => openCheckpoint(folder, { variant }));
    const both = checkpoint("both", vae, files);
    expect(refusal(both, "fp61")).toBe(
      `SKIPSTEP_WEIGHTS_MISSING: ${both} has no weights of variant "fp61". Did you mean "fp16"? It has: fp16.`,
    );
    expect(refusal(checkpoint("one", vae, files.slice(0, 1)), "fp16")).toContain(
      'It has plain weights only: leave "variant" out.',
    );
  });
});
