import { buildGraph } from "@skipstep/contract/graph";
import type { Architecture, Value } from "@skipstep/core/model";
import { floats, type Tensor, unet2DCondition } from "@skipstep/core/model";
import { unet2D } from "../../examples/family/src/index";
import { checkModel, type Io, ioOf } from "./check-model";

export const checkUNet2D = (folder: string): Promise<void> => checkUNet(unet2D, folder);
export const checkUNet2DCondition = (folder: string): Promise<void> => checkUNet(unet2DCondition, folder);

async function checkUNet(architecture: Architecture, folder: string): Promise<void> {
  const io = ioOf(folder);
  const graph = buildGraph(architecture, folder);
  const inputs = Object.fromEntries(graph.inputs.map((input) => [input.name, given(io, input)]));
  await checkModel(graph, io, inputs, { sample: io.get("out.0")! });
}

/** The reference takes whole numbers for timesteps, too, one for all images, and no guidance, which adds nothing. */
function given(io: Io, { name, dtype, shape }: Value): Tensor {
  const batch = io.get("in.sample")!.shape[0]!;
  const tensor = io.get(`in.${name}`);
  if (!tensor) return floats([batch, ...shape.slice(1).map(Number)]);
  if (dtype !== "float32") return tensor;
  const data = Float32Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  if (shape.length > 1 || data.length === batch) return floats(tensor.shape, data);
  return floats([batch], new Float32Array(batch).fill(data[0]!));
}
