import type { TensorEntry, WeightSource } from "../checkpoint/weight-source";
import { activationBytes } from "../compiler/memory-estimate";
import { SkipstepError } from "../errors/error";
import type { BuildHooks } from "../graph/build-hooks";
import { Graph } from "../graph/graph";
import { modelOf } from "./component-model";
import type { Configs, Family } from "./family";
import { imageCount, type Settings } from "./settings";

/** Bytes that a generation takes besides the weights, by estimate. */
export interface MemoryNeed {
  /** Pixels of all images as they lie in the program's memory. */
  readonly images: number;
  /** These, and the largest activations of one component. */
  readonly all: number;
}

/** Decoded, joined to a batch, as values of 0..1, 4 bytes each, and as bytes. */
const bytesPerPixel = 3 * (4 + 4 + 4 + 1);

/** Made of the configs alone, with the graphs that plugins leave as they are: good before a weight is there. */
export function memoryNeed(family: Family, configs: Configs, settings: Settings): MemoryNeed {
  const images =
    Math.max(1, imageCount(settings), settings.num_images_per_prompt) *
    settings.height *
    settings.width *
    bytesPerPixel;
  const sizes = family.sizes(configs, settings);
  const activations = Object.keys(sizes).map((name) => {
    const graph = graphOf(name, configs[name]);
    return graph ? activationBytes(graph, sizes[name]!) : 0;
  });
  return { images, all: images + Math.max(0, ...activations) };
}

/** By parsed config: an open pipeline asks before each generation. */
const graphs = new WeakMap<object, Graph | undefined>();

function graphOf(name: string, config: unknown): Graph | undefined {
  if (typeof config !== "object" || config === null) return undefined; // an optional component that is not there
  if (!graphs.has(config)) graphs.set(config, emit(name, config));
  return graphs.get(config);
}

function emit(component: string, config: object): Graph | undefined {
  const { architecture, entry } = modelOf(config);
  const graph = Graph.create(component, anyWeights, noHooks);
  try {
    architecture.entries[entry]!(graph, config);
    return graph;
  } catch (error) {
    if (error instanceof SkipstepError) return undefined; // what does not fit together is told when the model is built
    throw error;
  }
}

const noHooks: BuildHooks = { weightLoad: () => undefined, attention: () => undefined };

/** Has every tensor in every shape, and no values. */
const anyWeights: WeightSource = {
  names: [],
  has: () => true,
  entry: (name) => entryOf(name, []),
  expect: entryOf,
  read: refuse,
  readFloat32: refuse,
  readRows: refuse,
  identity: refuse,
};

function entryOf(name: string, shape: readonly number[]): TensorEntry {
  return { name, dtype: "float32", shape, file: "", offset: 0, byteLength: 0 };
}

function refuse(): never {
  throw new TypeError("a graph is built without values");
}
