import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@skipstep/contract/graph";
import { type ConfigInput, createPipeline, type GenerateRequest, inspectConfig, validateConfig } from "@skipstep/core";
import { afterAll, describe, expect, it } from "vitest";
import type { Stored } from "../packages/core/test/original-names";
import { temporaryFolder } from "./emoji";
import { readJson, readTensors, writeJson, writeTensors } from "./made-checkpoint";

/**
 * One tensor or one key of what people bring is changed, in one place after the other. It may be an error or a warning; if
 * there is no word, the picture must be the same. Usually the smallest folder of each family, a tensor of each file; with
 * SKIPSTEP_GOLDEN all folders below it and the shipped models, and more tensors of each.
 */
const all = process.env.SKIPSTEP_GOLDEN;
const golden = all ?? join(import.meta.dirname, "golden");
const pipelines = join(golden, "pipelines");
const small = ["dit", "flux", "pixart-alpha", "sd15", "sd35-no-t5", "sdxl", "z-image"].map((name) =>
  join(pipelines, name),
);
const shipped = ["emoji", "emoji-unet"].map((name) => join(import.meta.dirname, "../models", name));
const tensorsOfFile = all === undefined ? 3 : 12;
const root = temporaryFolder();
const cacheDir = join(root, "engines");

interface Change {
  readonly what: string;
  readonly file: string;
  apply(file: string): void;
}

type Config = ConfigInput & { readonly generate: GenerateRequest };

function configOf(model: string): Config {
  const isDit = readJson(join(model, "model_index.json"))._class_name === "DiTPipeline";
  const call = isDit ? { class_labels: [1] } : { prompt: "a cat", height: 64, width: 64 };
  return { model, generate: { num_inference_steps: 1, seed: 1, ...call } } as Config;
}

/** Folders of families that are built, where every one of a set is looked at. */
async function foldersOf(): Promise<string[]> {
  if (all === undefined) return small;
  const names = readdirSync(pipelines).map((name) => join(pipelines, name));
  const folders = names.filter((folder) => existsSync(join(folder, "model_index.json")));
  const built = await Promise.all(
    folders.map((folder) =>
      validateConfig(configOf(folder))
        .then(() => [folder])
        .catch(() => []),
    ),
  );
  return [...built.flat(), ...shipped];
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === "golden" ? [] : filesBelow(path);
    return [path];
  });
}

function changesOf(file: string): Change[] {
  if (file.endsWith(".safetensors")) return tensorChanges(file);
  const isConfig = /(config|model_index)\.json$/.test(file);
  // As text: diffusers writes -Infinity into some.
  const withKey = (text: string): string => text.replace("{", '{ "made_with": "a tool",');
  const apply = (path: string): void => writeFileSync(path, withKey(readFileSync(path, "utf8")));
  return isConfig ? [{ what: "a key added", file, apply }] : [];
}

function tensorChanges(file: string): Change[] {
  const names = [...readSafetensors(file).keys()];
  const step = Math.max(1, Math.floor(names.length / tensorsOfFile));
  const some = names.filter((_, i) => i % step === Math.floor(step / 2));
  const one: Stored = { dtype: "float32", shape: [1], bytes: Float32Array.of(1) };
  const rewrite = (path: string, to: (tensors: [string, Stored][]) => [string, Stored][]) => {
    writeTensors(path, new Map(to([...readTensors(path)])));
  };
  return [
    { what: "a tensor added", file, apply: (path) => rewrite(path, (tensors) => [...tensors, ["made.weight", one]]) },
    ...some.flatMap((name): Change[] => [
      {
        what: `${name} removed`,
        file,
        apply: (path) => rewrite(path, (tensors) => tensors.filter(([other]) => other !== name)),
      },
      {
        what: `${name} renamed`,
        file,
        apply: (path) =>
          rewrite(path, (tensors) => tensors.map(([other, tensor]) => [other === name ? `${other}_2` : other, tensor])),
      },
    ]),
  ];
}

/** What is said of a config: the code of its error, or its warnings. */
async function wordsOf(config: Config): Promise<string[]> {
  try {
    const { notes, loras } = inspectConfig(await validateConfig(config));
    const warnings = notes.filter(({ kind }) => kind === "warning").map(({ text }) => text);
    return [...warnings, ...loras.flatMap((lora) => [...lora.warnings, ...lora.unmatched])];
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^SKIPSTEP_/) });
    return [(error as { code: string }).code];
  }
}

async function pictureOf(config: Config): Promise<Uint8Array> {
  const pipeline = await createPipeline(config, { cacheDir, threads: 1 });
  try {
    return (await pipeline.generate()).images[0]!.data;
  } finally {
    await pipeline.close();
  }
}

/** Changes the files of a config one by one, and looks at what comes of it. @returns how often there was no word */
async function guard(config: Config, files: readonly string[]): Promise<number> {
  expect(await wordsOf(config)).toEqual([]);
  let plain: Uint8Array | undefined;
  let quiet = 0;
  for (const { what, file, apply } of files.flatMap(changesOf)) {
    const before = readFileSync(file);
    try {
      apply(file);
      if ((await wordsOf(config)).length > 0) continue;
      quiet++;
      const found = await pictureOf(config);
      writeFileSync(file, before);
      plain ??= await pictureOf(config);
      expect(found, `${file}: ${what}`).toEqual(plain);
    } finally {
      writeFileSync(file, before);
    }
  }
  return quiet;
}

describe("never another picture without a word", async () => {
  const quiet: number[] = [];
  afterAll(() => expect(Math.max(...quiet)).toBeLessThan(all === undefined ? 6 : Number.POSITIVE_INFINITY));

  it.each((await foldersOf()).map((folder) => [folder.split("/").at(-1)!, folder]))(
    "%s",
    async (name, folder) => {
      const model = join(root, name);
      cpSync(folder, model, { recursive: true, filter: (path) => !path.endsWith("/golden") });
      quiet.push(await guard(configOf(model), filesBelow(model)));
    },
    600_000,
  );

  it.each([
    ["lora-kohya-sd15", "sd15", undefined],
    ["lora-peft-flux", "flux", { peft_type: "LORA", r: 4, lora_alpha: 4 }],
  ])(
    "%s",
    async (name, pipeline, settings) => {
      const folder = join(root, name);
      const file = join(folder, settings ? "adapter_model.safetensors" : "lora.safetensors");
      cpSync(join(golden, "extras", name, "lora.safetensors"), file);
      const beside = settings ? [writeJson(join(folder, "adapter_config.json"), settings)] : [];
      quiet.push(await guard({ ...configOf(join(pipelines, pipeline)), lora: [file] }, [file, ...beside]));
    },
    600_000,
  );
});
