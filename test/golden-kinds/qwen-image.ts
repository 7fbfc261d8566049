import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildGraph, readConfig } from "@skipstep/contract/graph";
import type { Tensor } from "@skipstep/core/model";
import { modulateIndex, qwenImage, qwenImageRotaryTables as rotaryTables } from "@skipstep/core/model";
import { checkModel, ioOf } from "./check-model";

type ImageShape = Parameters<typeof modulateIndex>[0][number];

/** The sizes of images lie beside the tensors as `img_shapes`; a case without it has one image, whose sides are sought. */
export async function checkQwenImage(folder: string): Promise<void> {
  const io = ioOf(folder);
  const config = qwenImage.parse(readConfig(folder));
  const graph = buildGraph(qwenImage, folder);
  const [batch, textTokens] = io.get("in.encoder_hidden_states")!.shape as [number, number];
  const mask = io.get("in.encoder_hidden_states_mask")?.data ?? new Float32Array(batch * textTokens).fill(1);
  const check = (images: readonly ImageShape[]): Promise<void> => {
    const made: Record<string, Tensor> = {
      encoder_hidden_states_mask: { dtype: "int32", shape: [batch, textTokens], data: Int32Array.from(mask, Number) },
      modulate_index: modulateIndex(images),
      ...rotaryTables(config, images, textTokens),
    };
    const inputs = graph.inputs.map(({ name }) => [name, made[name] ?? io.get(`in.${name}`)!]);
    return checkModel(graph, io, Object.fromEntries(inputs), { sample: io.get("out.0")! });
  };
  const { img_shapes } = JSON.parse(readFileSync(join(folder, "about.json"), "utf8")) as { img_shapes?: number[][] };
  if (img_shapes)
    return check(img_shapes.map(([frames, height, width]) => ({ frames: frames!, height: height!, width: width! })));
  return oneOf(rectangles(io.get("in.hidden_states")!.shape[1]!), check);
}

/** Images of so many tokens, the squarest first. */
function rectangles(tokens: number): ImageShape[][] {
  const heights = Array.from({ length: tokens }, (_, i) => i + 1).filter((height) => tokens % height === 0);
  const lopsided = (height: number): number => Math.abs(height - tokens / height);
  return heights
    .sort((a, b) => lopsided(a) - lopsided(b))
    .map((height) => [{ frames: 1, height, width: tokens / height }]);
}

/** Passes when one candidate does; else fails as the first. */
async function oneOf(
  [first, ...others]: readonly ImageShape[][],
  check: (images: readonly ImageShape[]) => Promise<void>,
): Promise<void> {
  try {
    await check(first!);
  } catch (error) {
    for (const images of others)
      try {
        return await check(images);
      } catch {
        // the next one
      }
    throw error;
  }
}
