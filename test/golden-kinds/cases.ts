import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { schedulers } from "../../packages/core/test/golden/schedulers";
import { checkAttention } from "./attention";
import { extras } from "./extras";
import { models } from "./models";
import { pipelineCase } from "./pipelines";
import { isPixelModel, pixelCase } from "./pixel-models";
import { checkBitsandbytes } from "./quant-bitsandbytes";
import { checkBlocks } from "./quant-gguf";
import { checkInteger } from "./quant-integer";
import { checkSvdQuant } from "./quant-svdquant";
import { checkRandom } from "./random";

/** One test. Without `run` its kind is not built yet. */
export interface GoldenCase {
  /** Path below the golden folder: `pipelines/z-image/golden/fbcache`. */
  readonly name: string;
  readonly run?: (() => Promise<void>) | undefined;
  /** Whether a model or a part of one runs, and the device counts. */
  readonly runsModel: boolean;
}

/** Models that are shipped, not golden: their cases lie in a folder of the same name. */
const shippedModels = join(import.meta.dirname, "../../models");

/** Every case below a folder with the layout of the golden data. A case of an unknown kind is found too, without `run`. */
export function findCases(root: string): GoldenCase[] {
  const nameOf = (path: string): string => relative(root, path).split(sep).join("/");
  return foldersIn(root).flatMap((folder) => {
    if (existsSync(join(folder, "about.json"))) return [caseOf(nameOf(folder), aboutCase(folder, root))];
    if (isPart(folder)) return [];
    return filesIn(folder, ".safetensors").map((name) =>
      caseOf(nameOf(join(folder, name)), fileCase(folder, name, root)),
    );
  });
}

/** Numbers and bytes that are computed beside models. */
const withoutModel =
  /(^|\/)(guiders|random|schedulers(-extra)?|quant\/(gguf|integer|svdquant|bitsandbytes\/(?!linear)))/;

function caseOf(name: string, run: GoldenCase["run"]): GoldenCase {
  return { name, run, runsModel: !withoutModel.test(name) };
}

/** A folder that says itself what it is. */
function aboutCase(folder: string, root: string): GoldenCase["run"] {
  const about: { class_?: string; kind?: string; relative_error?: object } = readJson(join(folder, "about.json"));
  if (about.kind !== undefined) return extras[about.kind]?.(folder, root);
  if (about.relative_error && existsSync(join(folder, "linear.safetensors"))) return async () => checkSvdQuant(folder);
  const isScheduler = existsSync(join(folder, "scheduler_config.json"));
  return bound((isScheduler ? schedulers : models)[about.class_ ?? ""], folder);
}

/** A case of its own file: a pipeline's call, a seed, a block type. */
function fileCase(folder: string, name: string, root: string): GoldenCase["run"] {
  const file = join(folder, name);
  if (basename(folder) === "golden" && existsSync(join(folder, "../model_index.json")))
    return (isPixelModel(join(folder, "..")) ? pixelCase : pipelineCase)(join(folder, ".."), file, 2e-3);
  if (existsSync(join(shippedModels, basename(folder), "model_index.json")) && dirname(folder) === root)
    return pipelineCase(join(shippedModels, basename(folder)), file, 4e-3);
  if (basename(folder) === "attention") return () => checkAttention(`${file}.safetensors`);
  if (nameEnds(folder, "quant", "gguf")) return async () => checkBlocks(file);
  if (nameEnds(folder, "quant", "bitsandbytes")) return () => checkBitsandbytes(file);
  if (nameEnds(folder, "quant", "integer")) return async () => checkInteger(file);
  if (basename(folder) === "random") return () => checkRandom(`${file}.safetensors`);
  return undefined;
}

/** Whether a folder is `quant/gguf`. */
function nameEnds(folder: string, outer: string, inner: string): boolean {
  return basename(folder) === inner && basename(dirname(folder)) === outer;
}

/** Tokenizers, components and whole pipelines are what cases run on, not cases. */
function isPart(folder: string): boolean {
  return ["config.json", "tokenizer.json", "model_index.json", "scheduler_config.json"].some((name) =>
    existsSync(join(folder, name)),
  );
}

function bound<Arguments extends readonly unknown[]>(
  check: ((...given: Arguments) => Promise<void>) | undefined,
  ...given: Arguments
): GoldenCase["run"] {
  return check && (() => check(...given));
}

/** The folder and all below it, in alphabetical order. */
function foldersIn(folder: string): string[] {
  const inner = readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isDirectory());
  return [folder, ...inner.flatMap(foldersIn)];
}

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
    .sort();
}

function readJson<Content>(path: string): Content {
  return JSON.parse(readFileSync(path, "utf8")) as Content;
}
