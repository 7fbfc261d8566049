import type { Image } from "@skipstep/core";
import {
  conv2d,
  type Floats,
  floats,
  Graph,
  noHooks,
  type OpenedGraph,
  openGraph,
  Runtime,
  type Value,
} from "@skipstep/core/model";
import { lpipsTooSmall } from "../errors";
import { type LpipsWeights, openLpipsWeights } from "./lpips-weights";

/**
 * Learned Perceptual Image Patch Similarity, Zhang et al. 2018, https://arxiv.org/abs/1801.03924, version 0.1: how far
 * two images are apart in what a network that names things sees in them; 0 for equal ones. The network runs as models
 * do, on ONNX Runtime.
 */
export interface Lpips {
  /** Whose features: `alex`, `vgg`. */
  readonly net: string;
  /** Of two images of one size. @throws SKIPSTEP_LPIPS_WEIGHTS for images that are smaller than the network's filters */
  distance(image: Image, other: Image): Promise<number>;
  close(): Promise<void>;
}

/** A convolution with what comes before it, by its place in torchvision's `features`. */
interface Layer {
  readonly index: number;
  readonly channels: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding: number;
  /** Side of the maximum that is taken before, in steps of 2. */
  readonly pool?: number;
  /** Whether its output, behind ReLU, is compared. */
  readonly isSeen: boolean;
}

const alex: readonly Layer[] = [
  { index: 0, channels: 64, kernel: 11, stride: 4, padding: 2, isSeen: true },
  { index: 3, channels: 192, kernel: 5, padding: 2, pool: 3, isSeen: true },
  { index: 6, channels: 384, kernel: 3, padding: 1, pool: 3, isSeen: true },
  { index: 8, channels: 256, kernel: 3, padding: 1, isSeen: true },
  { index: 10, channels: 256, kernel: 3, padding: 1, isSeen: true },
];

/** Of VGG16, by the levels' channels; the last of each level is compared. */
const vggLevels = [
  [0, 64, 2],
  [5, 128, 2],
  [10, 256, 3],
  [17, 512, 3],
  [24, 512, 3],
] as const;

const vgg: readonly Layer[] = vggLevels.flatMap(([first, channels, count]) =>
  Array.from({ length: count }, (_, i) => ({
    index: first + 2 * i,
    channels,
    kernel: 3,
    padding: 1,
    ...(i === 0 && first > 0 ? { pool: 2 } : {}),
    isSeen: i === count - 1,
  })),
);

export const lpipsNets = { alex, vgg } as const;

/** What the networks were trained on: means and deviations of colours from -1 to 1. */
const [shift, scale] = [
  [-0.03, -0.088, -0.188],
  [0.458, 0.448, 0.45],
] as const;

/** Keeps features of nothing from being divided by 0. */
const epsilon = 1e-10;

interface Size {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * Opens the network for images of a size; others are possible.
 * @param files safetensors with the network and its weights of differences, in one or in two
 * @throws SKIPSTEP_LPIPS_WEIGHTS, and what opening safetensors throws
 */
export async function openLpips(files: readonly string[], size: Size, threads?: number): Promise<Lpips> {
  const weights = openLpipsWeights(files);
  const runtime = await Runtime.start({ provider: "cpu", threads });
  const opened = new Map<string, OpenedGraph>();
  const graphFor = async ({ width, height }: Size): Promise<OpenedGraph> => {
    const key = `${width} ${height}`;
    const graph = opened.get(key) ?? (await openGraph(runtime, lpipsGraph(weights, height, width)));
    opened.set(key, graph);
    return graph;
  };
  const close = async (): Promise<void> => {
    for (const graph of opened.values()) await graph.close();
    await runtime.close();
    weights.close();
  };
  try {
    await graphFor(size);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    net: weights.net,
    close,
    async distance(image, other) {
      const graph = await graphFor(image);
      return runtime.pass(async () => {
        const { distance } = await graph.run({ images: runtime.upload(pairOf(image, other)) });
        return ((await distance!.read()) as Floats).data[0]!;
      });
    },
  };
}

/** Both images, `[2, 3, H, W]`, -1..1. */
function pairOf(image: Image, other: Image): Floats {
  const pixels = image.width * image.height;
  const pair = floats([2, 3, image.height, image.width]);
  for (const [i, { data }] of [image, other].entries())
    for (let colour = 0; colour < 3; colour++)
      for (let pixel = 0; pixel < pixels; pixel++)
        pair.data[(i * 3 + colour) * pixels + pixel] = (2 * data[3 * pixel + colour]!) / 255 - 1;
  return pair;
}

/** From `[2, 3, H, W]` to one number. */
function lpipsGraph(weights: LpipsWeights, height: number, width: number): Graph {
  const g = Graph.create("lpips", weights.source, noHooks);
  const images = g.input("images", [2, 3, height, width]);
  const perColour = (values: readonly number[]): Value => g.constant([...values], [1, 3, 1, 1]);
  let x = g.div(g.sub(images, perColour(shift)), perColour(scale));
  const distances: Value[] = [];
  for (const { index, channels, kernel, stride = 1, padding, pool, isSeen } of lpipsNets[weights.net]) {
    const pooled = pool === undefined ? x : maxPool(g, x, pool);
    const { shape } = pooled;
    if (Number(shape[2]) + 2 * padding < kernel || Number(shape[3]) + 2 * padding < kernel)
      throw lpipsTooSmall(weights.net, height, width);
    x = g.relu(conv2d(g, String(index), pooled, channels, kernel, { stride, padding }));
    if (isSeen) distances.push(layerDistance(g, x, `lin${distances.length}`));
  }
  g.output(
    "distance",
    g.reshape(
      distances.reduce((sum, distance) => g.add(sum, distance)),
      [1],
    ),
  );
  return g;
}

/** Mean over places of the weighted squares of differences between unit features. @param x `[2, C, H, W]` @returns `[1, 1, 1, 1]` */
function layerDistance(g: Graph, x: Value, head: string): Value {
  const length = g.sqrt(sumOf(g, g.mul(x, x), [1]));
  const unit = g.div(x, g.add(length, g.constant(epsilon)));
  const difference = g.sub(g.slice(unit, 0, 0, 1), g.slice(unit, 0, 1, 2));
  const weighted = conv2d(g, head, g.mul(difference, difference), 1, 1, { bias: false });
  return reduce(g, "ReduceMean", weighted, [2, 3]);
}

function sumOf(g: Graph, x: Value, axes: readonly number[]): Value {
  return reduce(g, "ReduceSum", x, axes);
}

/** Axes stay, with size 1. */
function reduce(g: Graph, op: "ReduceSum" | "ReduceMean", x: Value, axes: readonly number[]): Value {
  const shape = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return g.node(op, [x, g.constant([...axes], undefined, "int64")], shape);
}

/** In steps of 2, as torch: what is left over at the end does not count. */
function maxPool(g: Graph, x: Value, kernel: number): Value {
  const [batch, channels, ...sides] = x.shape;
  const pooled = sides.map((side) => Math.floor((Number(side) - kernel) / 2) + 1);
  return g.node("MaxPool", [x], [batch!, channels!, ...pooled], {
    attributes: { kernel_shape: { ints: [kernel, kernel] }, strides: { ints: [2, 2] } },
  });
}
