import { type ConfigInput, createPipeline, type GenerateRequest } from "@skipstep/core";
import {
  type Graph,
  type Plugin,
  type PluginClass,
  plugin,
  type Step,
  type Tensors,
  type Weight,
} from "@skipstep/core/plugin";
import { InputSample } from "./input-sample";

/** What linears were given while images were made. Linears that share an input share it. */
export interface LinearInput {
  /** Names of the weights: `layers.0.attention.to_q.weight`. */
  readonly names: readonly string[];
  readonly columns: number;
  /** The largest magnitude of each channel, over all tokens of all passes. */
  readonly largest: Float32Array;
  /** Tokens from all over the passes, `[T, columns]`. */
  readonly rows: Float32Array;
}

/** What is drawn to calibrate with, and which inputs are kept. */
export interface CollectRequest {
  /** Its plugins are left out: what is collected is what the whole model computes. */
  readonly config: ConfigInput;
  /** Images to make, over the config's `generate`. */
  readonly images: readonly GenerateRequest[];
  /** Which linears of the denoiser are of interest. */
  wanted(weight: Weight): boolean;
  /** Tokens of each input to keep; at least half as many are, where there are enough. */
  readonly tokens: number;
  readonly cacheDir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told after each image. @param done images */
  readonly onProgress?: (done: number, of: number) => void;
}

/** Tokens of an input that one pass gives. */
const tokensPerPass = 32;

/** Makes images with the model as it is, and collects what its linear layers are given. */
export async function collectInputs(request: CollectRequest): Promise<LinearInput[]> {
  const { config, images, cacheDir, signal, onProgress } = request;
  const inputs: InputSample[] = [];
  const pipeline = await createPipeline(
    { ...config, plugins: [collector(request, inputs)], strict: false },
    { ...(cacheDir === undefined ? {} : { cacheDir }), ...(signal ? { signal } : {}) },
  );
  try {
    for (const [i, image] of images.entries()) {
      onProgress?.(i, images.length);
      await pipeline.generate({ ...image, signal });
    }
  } finally {
    await pipeline.close();
  }
  return inputs.map((input) => input.collected());
}

/** A plugin that names the inputs' maxima and some of their tokens, and writes them down. */
function collector({ wanted, tokens }: CollectRequest, inputs: InputSample[]): PluginClass {
  const known = new Map<Weight["input"], InputSample>();

  @plugin<Record<string, never>>({
    name: "collect-inputs",
    description: "Collects what linear layers are given.",
    options: { type: "object", additionalProperties: false, required: [], properties: {} },
  })
  class CollectInputs implements Plugin {
    weightLoad(weight: Weight, graph: Graph): undefined {
      if (weight.role !== "linear" || !wanted(weight)) return;
      const sample = known.get(weight.input) ?? new InputSample(weight.input.shape.at(-1) as number, tokens);
      sample.names.push(weight.name);
      if (known.has(weight.input)) return;
      known.set(weight.input, sample);
      const name = `collect-inputs.${inputs.push(sample) - 1}`;
      graph.observe(`${name}.largest`, emitLargest(graph, weight.input));
      graph.observe(`${name}.tokens`, emitTokens(graph, weight.input));
    }

    async observed(_step: Step, values: Tensors): Promise<void> {
      for (const [i, sample] of inputs.entries()) {
        const [largest, rows] = await Promise.all(
          ["largest", "tokens"].map((part) => values[`collect-inputs.${i}.${part}`]!.read()),
        );
        sample.add(largest!.data as Float32Array, rows!.data as Float32Array);
      }
    }
  }
  return CollectInputs;
}

/** @param x `[..., K]` @returns `[K]` */
function emitLargest(g: Graph, x: Weight["input"]): Weight["input"] {
  const columns = x.shape.at(-1) as number;
  const axes = g.constant(
    x.shape.slice(0, -1).map((_, axis) => axis),
    undefined,
    "int64",
  );
  return g.node("ReduceMax", [g.node("Abs", [x], x.shape), axes], [columns], { attributes: { keepdims: { int: 0 } } });
}

/** Tokens from all over the batch, at uneven distances: even ones would be those of one column of the image. */
function emitTokens(g: Graph, x: Weight["input"]): Weight["input"] {
  const columns = x.shape.at(-1) as number;
  const flat = g.reshape(x, [-1, columns]);
  const fraction = 4096;
  const places = Array.from(
    { length: tokensPerPass },
    (_, i) => Math.floor((i + ((i * 0.618034) % 1)) * fraction), // the golden ratio spreads them
  );
  const count = g.sizes([flat.shape[0]!]);
  const scaled = g.mul(g.constant(places, undefined, "int64"), count);
  const indices = g.div(scaled, g.constant([tokensPerPass * fraction], undefined, "int64"));
  return g.gather(flat, indices, 0);
}
