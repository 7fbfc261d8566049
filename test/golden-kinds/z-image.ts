import { buildGraph, readConfig } from "@skipstep/contract/graph";
import type { Graph } from "@skipstep/core/model";
import { type Floats, floats, layOutSequence, zImage } from "@skipstep/core/model";
import { checkModel, type Io, ioOf } from "./check-model";
import { realRows } from "./real-rows";

/** Captions of different lengths in one batch, `cap<i>` each. */
export async function checkZImage(folder: string): Promise<void> {
  await checkZImageGraph(readConfig(folder), buildGraph(zImage, folder), ioOf(folder));
}

/** @param graph of the transformer, from whatever weights @param tolerance as a part of the output's largest value */
export async function checkZImageGraph(
  given: Readonly<Record<string, unknown>>,
  graph: Graph,
  io: Io,
  tolerance?: number,
): Promise<void> {
  const captions = [...io.keys()].filter((key) => key.startsWith("in.cap")).map((key) => io.get(key) as Floats);
  const { shape, data } = io.get("in.x") as Floats; // [B, C, 1, H, W]
  const [batch, channels, , height, width] = shape as [number, number, number, number, number];
  const config = zImage.parse(given);
  const size = [batch, channels, height, width];
  const sequence = layOutSequence(config, captions, height, width);
  await checkModel(
    graph,
    io,
    {
      latents: floats(size, data),
      timestep: io.get("in.t")!,
      ...sequence,
    },
    { sample: floats(size, joined(captions.map((_, i) => io.get(`out.${i}`) as Floats))) },
    // What the refiner makes of filled-up rows is masked for everything that follows.
    (tensor, name) => (name.startsWith("context_refiner") ? realRows(tensor, sequence.caption_mask) : tensor),
    tolerance,
  );
}

function joined(parts: readonly Floats[]): Float32Array {
  return Float32Array.from(parts.flatMap(({ data }) => [...data]));
}
