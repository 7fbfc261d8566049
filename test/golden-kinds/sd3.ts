import { croppedPositions } from "../../packages/core/src/families/blocks/cropped-positions";
import { type Sd3Config, sd3 } from "../../packages/core/src/families/sd3/model";
import { buildGraph, readConfig } from "../../packages/core/test/build-graph";
import { asFloats } from "./casts";
import { checkModel, ioOf } from "./check-model";

export async function checkSd3(folder: string): Promise<void> {
  const io = ioOf(folder);
  const hidden = io.get("in.hidden_states")!;
  const [height, width] = hidden.shape.slice(2) as [number, number];
  const graph = buildGraph(sd3, "forward", folder);
  await checkModel(
    graph,
    io,
    {
      hidden_states: hidden,
      timestep: asFloats(io.get("in.timestep")!),
      encoder_hidden_states: io.get("in.encoder_hidden_states")!,
      pooled_projections: io.get("in.pooled_projections")!,
      pos_embed: croppedPositions(sd3.parse(readConfig(folder)) as Sd3Config, graph.weights, height, width),
    },
    { sample: io.get("out.0")! },
  );
}
