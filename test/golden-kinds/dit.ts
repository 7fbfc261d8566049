import { sincosPositions } from "../../packages/core/src/families/blocks/sincos-positions";
import { type DitConfig, dit } from "../../packages/core/src/families/dit/model";
import { buildGraph, readConfig } from "../../packages/core/test/build-graph";
import { asFloats } from "./casts";
import { checkModel, ioOf } from "./check-model";

export async function checkDit(folder: string): Promise<void> {
  const io = ioOf(folder);
  const hidden = io.get("in.hidden_states")!;
  const [height, width] = hidden.shape.slice(2) as [number, number];
  await checkModel(
    buildGraph(dit, "forward", folder),
    io,
    {
      hidden_states: hidden,
      timestep: asFloats(io.get("in.timestep")!),
      class_labels: io.get("in.class_labels")!,
      pos_embed: sincosPositions(dit.parse(readConfig(folder)) as DitConfig, height, width),
    },
    { sample: io.get("out.0")! },
  );
}
