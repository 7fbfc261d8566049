import type { ComponentModel } from "../architecture/component-model";
import { blocksMissing, layersMissing } from "../errors/checkpoint";
import { SkipstepError } from "../errors/error";
import type { OpenWeights } from "../weights/checkpoint/weight-source";

/** Layers up to which a graph is built at once, weights or not. */
const usual = 200;

/** How config.json calls numbers of layers: `num_hidden_layers`, `n_layers`, `layers_per_block`, `num_decoder_blocks`. */
const layerOption = /^(num_(\w+_)?(layers|blocks)|n_(\w+_)?layers|layers_per_block)$/;

/**
 * Looks at the weights of a component whose config claims very many layers, as far as they are here, before a graph is
 * made of the config alone.
 * @throws SKIPSTEP_TENSOR_MISSING
 */
export function checkDeepModels(models: Iterable<ComponentModel>): void {
  for (const model of models) {
    if (claimedLayers(model.config) <= usual) continue;
    let weights: OpenWeights;
    try {
      weights = model.component.weights();
    } catch (error) {
      if (error instanceof SkipstepError) continue; // not downloaded yet, or told when they are opened to be used
      throw error;
    }
    try {
      checkClaims(model, weights);
    } finally {
      weights.close();
    }
  }
}

/** Refuses a config that claims more layers than the files can hold. @throws SKIPSTEP_TENSOR_MISSING */
export function checkClaims({ model, config, component }: ComponentModel, { names }: OpenWeights): void {
  const { path } = component.source;
  for (const { name: list, count } of model.architecture.structure?.(config).lists ?? []) {
    const own = names.filter((name) => name.startsWith(`${list}.`)).map((name) => name.slice(list.length + 1));
    if (count === 0 || own.some((name) => name.startsWith(`${count - 1}.`))) continue;
    throw blocksMissing(path, list, count, new Set(own.map((name) => name.split(".")[0])).size);
  }
  const claimed = claimedLayers(config);
  if (claimed > names.length) throw layersMissing(path, claimed, names.length); // each has a tensor of its own
}

function claimedLayers(config: unknown): number {
  return Object.entries(config as object)
    .filter(([key]) => layerOption.test(key))
    .flatMap(([, value]: [string, unknown]) => (Array.isArray(value) ? value : [value]))
    .reduce<number>((sum, value) => sum + (typeof value === "number" ? value : 0), 0);
}
