import type { ComponentModel } from "../architecture/component-model";
import { activationBytes } from "../compiler/memory-estimate";
import { SkipstepError } from "../errors/error";
import { noHooks } from "../graph/build-hooks";
import type { Sizes } from "../graph/dim";
import { Graph } from "../graph/graph";
import { anyWeights } from "../weights/checkpoint/any-weights";
import { loraBytes } from "../weights/lora/lora-bytes";
import type { RecognisedModel } from "./recognised-model";
import { imageCount, type Settings } from "./settings";

/** Bytes that a generation takes besides the weights, by estimate. */
export interface MemoryNeed {
  /** Pixels of all images as they lie in the program's memory. */
  readonly images: number;
  /** These, the largest activations of one component, and LoRAs here and with the runtime. */
  readonly all: number;
}

/** Decoded, joined to a batch, as values of 0..1, 4 bytes each, and as bytes. */
const bytesPerPixel = 3 * (4 + 4 + 4 + 1);

/** Made of the configs alone, with the graphs that plugins leave as they are: good before a weight is there. */
export function memoryNeed({ family, components, configs }: RecognisedModel, settings: Settings): MemoryNeed {
  const images =
    Math.max(1, imageCount(settings), settings.num_images_per_prompt) *
    settings.height *
    settings.width *
    bytesPerPixel;
  const sizes = family.sizes(configs, settings);
  const activations = Object.keys(sizes).map((name) => activationsOf(name, components.get(name), sizes[name]!));
  return { images, all: images + Math.max(0, ...activations) + 2 * loraBytes(settings.loras) };
}

/** Of a component: its graph, and what was worked out last. */
interface Known {
  readonly graph: Graph | undefined;
  sizes?: string;
  bytes?: number;
}

/** By parsed config: an open pipeline asks before each generation, mostly the same. */
const known = new WeakMap<object, Known>();

function activationsOf(name: string, component: ComponentModel | undefined, sizes: Sizes): number {
  if (!component) return 0; // an optional one that is not there
  const config = component.config as object;
  const own = known.get(config) ?? { graph: emit(name, component) };
  known.set(config, own);
  const text = JSON.stringify(sizes);
  if (own.sizes !== text) Object.assign(own, { sizes: text, bytes: own.graph ? activationBytes(own.graph, sizes) : 0 });
  return own.bytes!;
}

function emit(name: string, { model: { architecture, entry }, config }: ComponentModel): Graph | undefined {
  const graph = Graph.create(name, anyWeights, noHooks);
  try {
    architecture.entries[entry]!(graph, config);
    return graph;
  } catch (error) {
    if (error instanceof SkipstepError) return undefined; // what does not fit together is told when the model is built
    throw error;
  }
}
