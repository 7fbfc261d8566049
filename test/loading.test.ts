import { cpSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@skipstep/contract/graph";
import { type ConfigInput, createPipeline, validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import type { Stored } from "../packages/core/test/original-names";
import { temporaryFolder } from "./emoji";
import { copyPipeline } from "./fuzz/seeds";
import { changeJson, readJson, readTensors, writeJson, writeTensors } from "./made-checkpoint";
import { engineCache as cacheDir } from "./run-folder";

const root = temporaryFolder();
const golden = (name: string): string => join(import.meta.dirname, "golden/pipelines", name);
const sizes = { num_inference_steps: 2, height: 64, width: 64, seed: 1 };
const generate = { ...sizes, prompt: "red heart" };

/** A copy of a golden pipeline, to be changed. */
const copy = (pipeline: string, name: string): string => copyPipeline(pipeline, root, name);

async function imageOf(config: ConfigInput): Promise<Float32Array> {
  const pipeline = await createPipeline({ generate, ...config }, { cacheDir });
  try {
    return (await pipeline.generate()).images[0]!.values;
  } finally {
    await pipeline.close();
  }
}

/** `code: message` of what keeps a config from being checked or, with `weights`, from being opened. */
async function failure(config: ConfigInput, from: "config" | "weights" = "config"): Promise<string> {
  const given = { generate, ...config };
  try {
    const loaded = await validateConfig(given);
    if (from === "weights") await (await createPipeline(given, { cacheDir })).close();
    return `it did not fail: ${loaded.model.checkpoint.className}`;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}

/** Rewrites a component's weights. */
function rewrite(file: string, to: (name: string, tensor: Stored) => readonly [string, Stored][], more = {}): void {
  const changed = [...readTensors(file)].flatMap(([name, tensor]) => to(name, tensor));
  writeTensors(file, new Map([...changed, ...Object.entries<Stored>(more)]));
}

describe("a variant", () => {
  it("is taken where there is one, also of sharded weights", async () => {
    const folder = copy("flux", "variant");
    for (const component of ["transformer", "vae"])
      for (const name of readdirSync(join(folder, component))) {
        const other = name
          .replace(/^(\w+)(-\d+-of-\d+)?\.safetensors$/, "$1.fp16$2.safetensors")
          .replace(/\.index\.json$/, ".index.fp16.json");
        renameSync(join(folder, component, name), join(folder, component, other));
      }
    const index = join(folder, "transformer/diffusion_pytorch_model.safetensors.index.fp16.json");
    const { weight_map: map } = readJson(index) as { weight_map: Record<string, string> };
    const shards = Object.entries(map).map(([tensor, file]) => [tensor, file.replace("model-", "model.fp16-")]);
    changeJson(index, { weight_map: Object.fromEntries(shards) });
    expect(await imageOf({ model: folder, variant: "fp16" })).toEqual(await imageOf({ model: golden("flux") }));
    expect(await failure({ model: folder }, "weights")).toMatch(
      /^SKIPSTEP_WEIGHTS_MISSING: .*transformer has no weights\. .* Set "variant" to: fp16\.$/,
    );
  });

  it("that no component has is told before anything is loaded", async () => {
    expect(await failure({ model: golden("sd15"), variant: "fp16" })).toBe(
      `SKIPSTEP_WEIGHTS_MISSING: config#/model: ${golden("sd15")} has no weights of variant "fp16". It has plain weights only: leave "variant" out.`,
    );
  });
});

describe("weights as the hub has them", () => {
  it("of CLIP with and without text_model., and with position ids", async () => {
    const folder = copy("sd15", "prefixed");
    const file = join(folder, "text_encoder/model.safetensors");
    const has = [...readSafetensors(file).keys()].some((name) => name.startsWith("text_model."));
    const ids = { dtype: "int64", shape: [1, 16], bytes: BigInt64Array.from({ length: 16 }, (_, i) => BigInt(i)) };
    rewrite(file, (name, tensor) => [[has ? name.replace("text_model.", "") : `text_model.${name}`, tensor]], {
      [`${has ? "" : "text_model."}embeddings.position_ids`]: ids,
    });
    expect(await imageOf({ model: folder })).toEqual(await imageOf({ model: golden("sd15") }));
  });

  it("of T5, whose embeddings stand under one of two names or both", async () => {
    const names = ["shared.weight", "encoder.embed_tokens.weight"];
    const expected = await imageOf({ model: golden("flux") });
    for (const [i, kept] of [[names[0]!], [names[1]!], names].entries()) {
      const folder = copy("flux", `tied-${i}`);
      rewrite(join(folder, "text_encoder_2/model.safetensors"), (name, tensor) =>
        name === names[0]
          ? kept.map((own) => [own, tensor] as const).map(([own, one]) => [own, one])
          : name === names[1]
            ? []
            : [[name, tensor]],
      );
      expect(await imageOf({ model: folder })).toEqual(expected);
    }
  });

  it("of autoencoders from before diffusers 0.18, whose attention had other names", async () => {
    const folder = copy("sd15", "old-vae");
    const old: Record<string, string> = { to_q: "query", to_k: "key", to_v: "value", "to_out.0": "proj_attn" };
    rewrite(join(folder, "vae/diffusion_pytorch_model.safetensors"), (name, tensor) => [
      [name.replace(/attentions\.0\.(to_q|to_k|to_v|to_out\.0)\./, (_, part) => `attentions.0.${old[part]}.`), tensor],
    ]);
    expect(await imageOf({ model: folder })).toEqual(await imageOf({ model: golden("sd15") }));
  });

  it("of a class that was every transformer's: its norms must be the family's", async () => {
    const [dit, pixart] = ["dit", "pixart"].map((pipeline) => {
      const folder = copy(pipeline, `old-${pipeline}`);
      changeJson(join(folder, "model_index.json"), { transformer: ["diffusers", "Transformer2DModel"] });
      changeJson(join(folder, "transformer/config.json"), { _class_name: "Transformer2DModel" });
      return folder;
    }) as [string, string];
    const classes = { generate: { ...sizes, class_labels: [3] } };
    expect(await imageOf({ model: dit, ...classes })).toEqual(await imageOf({ model: golden("dit"), ...classes }));
    expect(await imageOf({ model: pixart })).toEqual(await imageOf({ model: golden("pixart") }));
    changeJson(join(dit, "transformer/config.json"), { norm_type: "ada_norm_single" });
    expect(await failure({ model: dit, ...classes })).toMatch(
      /^SKIPSTEP_MODEL_OPTION: .*"norm_type" must be "ada_norm_zero", found "ada_norm_single"\./,
    );
  });
});

describe("a folder", () => {
  it("that is no pipeline", async () => {
    expect(await failure({ model: join(root, "nowhere") })).toBe(
      `SKIPSTEP_CHECKPOINT_MISSING: config#/model: ${join(root, "nowhere")} is no diffusers checkpoint: there is no such folder. Check the path.`,
    );
    expect(await failure({ model: join(golden("sd15"), "unet") })).toContain(
      `it is a single component of one. It has: config.json, diffusion_pytorch_model.safetensors. Give ${golden("sd15")}.`,
    );
    expect(await failure({ model: golden("") })).toContain("Give one of the folders in it: ");
    expect(await failure({ model: join(golden("sd15"), "model_index.json") })).toContain(
      "it is a file. Give a diffusers folder, which has a model_index.json, or a safetensors file.",
    );
  });

  it("of a family that is not supported: lists those that are", async () => {
    const folder = copy("sd15", "unsupported");
    changeJson(join(folder, "model_index.json"), { _class_name: "StableDiffusionUpscalePipeline" });
    expect(await failure({ model: folder })).toMatch(
      /^SKIPSTEP_PIPELINE_UNKNOWN: config#\/model: \S+ is a StableDiffusionUpscalePipeline, which Skipstep does not run\..* It runs: .*FluxPipeline, .*StableDiffusionPipeline, .*ZImagePipeline/,
    );
  });

  it("without a component", async () => {
    const folder = copy("sd15", "incomplete");
    rmSync(join(folder, "vae"), { recursive: true });
    expect(await failure({ model: folder })).toMatch(
      /^SKIPSTEP_COMPONENT_MISSING: config#\/model: \S*model_index\.json names a component "vae", but there is no such folder beside it\..*Download "vae" as well\./,
    );
    changeJson(join(folder, "model_index.json"), { vae: [null, null] });
    expect(await failure({ model: folder })).toMatch(
      /^SKIPSTEP_COMPONENT_MISSING: config#\/model: \S*incomplete has no component "vae"\. It has: .*unet/,
    );
    changeJson(join(folder, "model_index.json"), { vae: ["diffusers", "AutoencoderKL"] });
    const vae = join(golden("sd15"), "vae");
    expect(await imageOf({ model: folder, components: { vae } })).toEqual(await imageOf({ model: golden("sd15") }));
  });

  it("without a component's config, its weights, or with pickles", async () => {
    const folder = copy("sd15", "bare");
    const weights = join(folder, "unet/diffusion_pytorch_model.safetensors");
    renameSync(weights, weights.replace("safetensors", "bin"));
    expect(await failure({ model: folder }, "weights")).toMatch(
      /^SKIPSTEP_WEIGHTS_MISSING: \S*unet has no weights\..*Pickles are not read: download or convert the weights as safetensors\./,
    );
    rmSync(join(folder, "unet/config.json"));
    expect(await failure({ model: folder })).toMatch(
      /^SKIPSTEP_COMPONENT_MISSING: .*Component "unet" has no \S*config\.json\./,
    );
  });
});

describe("a component's config.json", () => {
  it("that disagrees with the weights' shapes: tensor, expected, found", async () => {
    const folder = copy("sd15", "disagrees");
    const file = join(folder, "unet/config.json");
    changeJson(file, { cross_attention_dim: 24 });
    expect(await failure({ model: folder })).toContain("it did not fail"); // no weights are read to check a config
    expect(await failure({ model: folder }, "weights")).toMatch(
      /^SKIPSTEP_TENSOR_SHAPE: \S*unet\/diffusion_pytorch_model\.safetensors: tensor "down_blocks\.0\.attentions\.0\.transformer_blocks\.0\.attn2\.to_k\.weight" must be \[16, 24\], found \[16, 32\]\./,
    );
    changeJson(file, { cross_attention_dim: 32, layers_per_block: 3 });
    expect(await failure({ model: folder }, "weights")).toMatch(
      /^SKIPSTEP_TENSOR_MISSING: \S*unet\/diffusion_pytorch_model\.safetensors: there is no tensor "down_blocks\.0\.resnets\.2\.norm1\.weight"/,
    );
  });

  it("with an option that is misspelt, or not supported", async () => {
    const folder = copy("z-image", "options");
    const file = join(folder, "transformer/config.json");
    const { n_layers, ...config } = readJson(file);
    writeJson(file, { ...config, n_layrs: n_layers });
    expect(await failure({ model: folder }, "weights")).toMatch(
      /^SKIPSTEP_TENSOR_MISSING: .* A warning: \S*transformer\/config\.json: ZImageTransformer2DModel has no option "n_layrs"; .* Did you mean "n_layers"\?$/,
    );
    const other = copy("sd15", "unsupported-option");
    changeJson(join(other, "unet/config.json"), { dual_cross_attention: true });
    expect(await failure({ model: other })).toMatch(
      /^SKIPSTEP_MODEL_OPTION: .*UNet2DConditionModel: "dual_cross_attention" must be false, found true\./,
    );
  });
});

describe("a scheduler that the family cannot use", () => {
  it("named in the config", async () => {
    expect(await failure({ model: golden("z-image"), scheduler: { type: "DDIMScheduler" } })).toBe(
      'SKIPSTEP_SCHEDULER_UNFIT: config#/scheduler: ZImagePipeline cannot use the scheduler DDIMScheduler. It can use: FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler, DPMSolverMultistepScheduler. Choose one in the config: "scheduler": { "type": "<one of these>" }.',
    );
    expect(await failure({ model: golden("sd15"), scheduler: { type: "FlowMatchEulerDiscreteScheduler" } })).toMatch(
      /^SKIPSTEP_SCHEDULER_UNFIT: config#\/scheduler: StableDiffusionPipeline cannot use .* It can use: DDIMScheduler, /,
    );
    expect(await failure({ model: golden("sd15"), scheduler: { type: "DDIMScheduler" } })).toContain("it did not fail");
  });

  it("that the checkpoint has", async () => {
    const folder = copy("z-image", "scheduler");
    changeJson(join(folder, "model_index.json"), { scheduler: ["diffusers", "DDIMScheduler"] });
    writeJson(join(folder, "scheduler/scheduler_config.json"), { num_train_timesteps: 1000 });
    expect(await failure({ model: folder })).toContain(
      "SKIPSTEP_SCHEDULER_UNFIT: config#/model: ZImagePipeline cannot",
    );
    expect(await failure({ model: folder, scheduler: { type: "FlowMatchEulerDiscreteScheduler" } })).toContain(
      "it did not fail",
    );
    changeJson(join(folder, "model_index.json"), { scheduler: ["diffusers", "ScoreSdeVeScheduler"] });
    expect(await failure({ model: folder })).toContain("SKIPSTEP_SCHEDULER_UNKNOWN: config#/model: ");
  });
});

describe("components", () => {
  const vae = join(golden("sd15"), "vae");

  it("are relative to the config, and are told at their place", async () => {
    const config = writeJson(join(root, "configs/sd.json"), {
      model: golden("sd15"),
      generate,
      components: { vae: "../copies/vae" },
    });
    expect(await validateConfig(config).catch(({ message }) => message)).toBe(
      `${config}#/components/vae: There is no folder or file ${join(root, "copies/vae")} for "vae". Check the path; it is relative to the config.`,
    );
    cpSync(vae, join(root, "copies/vae"), { recursive: true });
    const {
      model: { checkpoint },
      config: checked,
    } = await validateConfig(config);
    expect(checked.components).toEqual({ vae: join(root, "copies/vae") });
    expect(checkpoint.component("vae").source.path).toBe(join(root, "copies/vae"));
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      "a name that the pipeline has not",
      { vea: vae },
      /#\/components\/vea: \S+ has no component "vea"\. Did you mean "vae"\?/,
    ],
    [
      "a whole pipeline",
      { vae: golden("sdxl") },
      /#\/components\/vae: \S+ is a whole checkpoint, and a "vae" was to be given\. Give \S+sdxl\/vae\./,
    ],
    [
      "another class",
      { vae: join(golden("sd15"), "unet") },
      /SKIPSTEP_COMPONENT_CLASS: .* is a UNet2DConditionModel, which this pipeline cannot use\. It takes: AutoencoderKL/,
    ],
    ["no text", { vae: 3 }, /#\/components\/vae must be a string, found 3\./],
    [
      "a file of another format",
      { unet: "model.gguf" },
      /#\/components\/unet: \S+model\.gguf is a GGUF file, which @skipstep\/plugin-gguf reads\. Add it with/,
    ],
  ])("%s is refused", async (_, components, message) => {
    expect(await failure({ model: golden("sd15"), components: components as Record<string, string> })).toMatch(message);
  });

  it("take a tokenizer from elsewhere", async () => {
    const folder = copy("sd15", "tokenizer");
    renameSync(join(folder, "tokenizer"), join(root, "moved-tokenizer"));
    expect(existsSync(join(folder, "tokenizer"))).toBe(false);
    const components = { tokenizer: join(root, "moved-tokenizer") };
    expect(await imageOf({ model: folder, components })).toEqual(await imageOf({ model: golden("sd15") }));
  });
});
