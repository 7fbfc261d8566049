import { existsSync } from "node:fs";
import path from "node:path";
import type { ConfigInput } from "../config/config";
import { isFolder } from "../disk/on-disk";
import { componentUnknown } from "../errors/checkpoint";
import { componentsWithout, quantizedAlready } from "../errors/quantize";
import { isHubName } from "../hub/hub-name";
import { type Component, openComponent } from "../weights/checkpoint/component";
import { readObject } from "../weights/checkpoint/read-object";
import type { OpenWeights } from "../weights/checkpoint/weight-source";
import { classesIn, partOf, weightsOf } from "../weights/single-file/file-part";
import { isWeightFile, readWeightFile } from "../weights/single-file/weight-file";
import { applyLoras } from "./apply-loras";
import { ownCatalogue } from "./catalogue";
import { bringOptions, type CheckedConfig, type ConfigOptions, validateConfig } from "./create-pipeline";
import { openModel, withWeights } from "./open-model";

/** One component by itself, as quantizers and calibration take it. */
export interface OpenedComponent {
  readonly component: Component;
  /** The caller closes them. */
  readonly weights: OpenWeights;
  /** The config that it is of, where one was given. */
  readonly pipeline?: CheckedConfig;
}

export interface OpenComponentOptions extends ConfigOptions {
  /** Which of a pipeline's: `text_encoder`; the denoiser when left out. */
  readonly component?: string | undefined;
}

/**
 * Opens the weights of one component, LoRAs merged, to be written anew.
 *
 * @param input a config, a model as a config names it, a component's folder, or a file of weights
 * @throws what `validateConfig` and a component's `weights` throw, SKIPSTEP_COMPONENT_MISSING, SKIPSTEP_WEIGHTS_QUANTIZED
 */
export async function openComponentWeights(
  input: string | ConfigInput,
  options: OpenComponentOptions = {},
): Promise<OpenedComponent> {
  const opened = isAlone(input) ? openAlone(input, options.component) : await openOfPipeline(input, options);
  const { weights, component } = opened;
  const packed = weights.names.find((name) => weights.packed?.(name));
  if (packed === undefined) return opened;
  const { format } = weights.packed!(packed)!;
  weights.close();
  throw quantizedAlready(component.source.path, packed, format);
}

/** Whether it is a component's folder, or a file of weights. */
function isAlone(input: string | ConfigInput): input is string {
  if (typeof input !== "string" || isHubName(input)) return false;
  if (isWeightFile(input)) return true;
  return existsSync(path.join(input, "config.json")) && !existsSync(path.join(input, "model_index.json"));
}

async function openOfPipeline(
  input: string | ConfigInput,
  { component: name, ...options }: OpenComponentOptions,
): Promise<OpenedComponent> {
  // Settings that a model alone does not fit, such as its usual size, do not matter here.
  const isModel = typeof input === "string" && !/\.json$/i.test(input);
  const pipeline = isModel ? undefined : await validateConfig(input, options);
  const model = pipeline
    ? await withWeights(pipeline, bringOptions(options))
    : await openModel({ model: String(input) }, ownCatalogue, { extent: "weights", ...bringOptions(options) });
  const { components, family, checkpoint } = applyLoras(model, pipeline?.config.lora).model;
  const source = components.get(name ?? family.denoiser);
  if (!source) throw componentUnknown(checkpoint.folder, name!, [...components.keys()]);
  const { component } = source;
  return { component, weights: component.weights(), ...(pipeline ? { pipeline } : {}) };
}

function openAlone(input: string, name: string | undefined): OpenedComponent {
  if (name !== undefined) throw componentsWithout(input, name);
  const component = isFolder(input) ? ofFolder(input) : ofFile(input);
  return { component, weights: component.weights() };
}

function ofFolder(folder: string): Component {
  const { _class_name, architectures } = readObject(path.join(folder, "config.json"));
  const className = String(_class_name ?? [architectures].flat()[0] ?? "");
  return openComponent(
    { name: path.basename(path.resolve(folder)), library: "diffusers", className, folder },
    ownCatalogue.reading,
  );
}

/** The first model that is known in it; under the names that the file has where none is. */
function ofFile(file: string): Component {
  const { shapes, open } = readWeightFile({ path: file });
  const { known } = ownCatalogue.reading;
  const [className = ""] = classesIn(known, shapes);
  const part = partOf(known, shapes, className, "");
  return {
    name: path.basename(file, path.extname(file)),
    library: "diffusers",
    className,
    source: { path: file, config: "built in" },
    config: {},
    weights: () => (part ? weightsOf(open(), part) : open()),
  };
}
