import { buildGraph, readConfig } from "@skipstep/contract/graph";
import { croppedPositions, sd3 } from "@skipstep/core/model";
import { asFloats } from "./casts";
import { checkModel, ioOf } from "./check-model";

export async function checkSd3(folder: string): Promise<void> {
  const io = ioOf(folder);
  const hidden = io.get("in.hidden_states")!;
  const [height, width] = hidden.shape.slice(2) as [number, number];
  const graph = buildGraph(sd3, folder);
  await checkModel(
    graph,
    io,
    {
      hidden_states: hidden,
      timestep: asFloats(io.get("in.timestep")!),
      encoder_hidden_states: io.get("in.encoder_hidden_states")!,
      pooled_projections: io.get("in.pooled_projections")!,
      pos_embed: croppedPositions(sd3.parse(readConfig(folder)), graph.weights, height, width),
    },
    { sample: io.get("out.0")! },
  );
}
