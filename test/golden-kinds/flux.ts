import { type FluxConfig, flux, rotaryTables } from "../../packages/core/src/models/flux";
import type { Floats } from "../../packages/core/src/tensor";
import { buildGraph, readConfig } from "../../packages/core/test/build-graph";
import { checkModel, ioOf } from "./check-model";

export async function checkFlux(folder: string): Promise<void> {
  const io = ioOf(folder);
  const config = flux.parse(readConfig(folder)) as FluxConfig;
  const graph = buildGraph(flux, "forward", folder);
  const tables = rotaryTables(config, io.get("in.txt_ids") as Floats, io.get("in.img_ids") as Floats);
  const given = graph.inputs.filter(({ name }) => !(name in tables)).map(({ name }) => [name, io.get(`in.${name}`)!]);
  await checkModel(graph, io, { ...Object.fromEntries(given), ...tables }, { sample: io.get("out.0")! });
}
