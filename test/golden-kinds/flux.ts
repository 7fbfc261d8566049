import { buildGraph, readConfig } from "@skipstep/contract/graph";
import type { Floats, Graph } from "@skipstep/core/model";
import { flux, fluxRotaryTables as rotaryTables } from "@skipstep/core/model";
import { checkModel, type Io, ioOf } from "./check-model";

export async function checkFlux(folder: string): Promise<void> {
  await checkFluxGraph(readConfig(folder), buildGraph(flux, folder), ioOf(folder));
}

/** @param graph of the transformer, from whatever weights @param tolerance as a part of the output's largest value */
export async function checkFluxGraph(
  given: Readonly<Record<string, unknown>>,
  graph: Graph,
  io: Io,
  tolerance?: number,
): Promise<void> {
  const config = flux.parse(given);
  const tables = rotaryTables(config, io.get("in.txt_ids") as Floats, io.get("in.img_ids") as Floats);
  const direct = graph.inputs.filter(({ name }) => !(name in tables)).map(({ name }) => [name, io.get(`in.${name}`)!]);
  await checkModel(
    graph,
    io,
    { ...Object.fromEntries(direct), ...tables },
    { sample: io.get("out.0")! },
    undefined,
    tolerance,
  );
}
