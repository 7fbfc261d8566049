import { buildGraph, readConfig } from "@skipstep/contract/graph";
import { dit, sincosPositions } from "@skipstep/core/model";
import { asFloats } from "./casts";
import { checkModel, ioOf } from "./check-model";

export async function checkDit(folder: string): Promise<void> {
  const io = ioOf(folder);
  const hidden = io.get("in.hidden_states")!;
  const [height, width] = hidden.shape.slice(2) as [number, number];
  await checkModel(
    buildGraph(dit, folder),
    io,
    {
      hidden_states: hidden,
      timestep: asFloats(io.get("in.timestep")!),
      class_labels: io.get("in.class_labels")!,
      pos_embed: sincosPositions(dit.parse(readConfig(folder)), height, width),
    },
    { sample: io.get("out.0")! },
  );
}
