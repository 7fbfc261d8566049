import { join } from "node:path";
import { buildGraph, readConfig } from "@skipstep/contract/graph";
import { regionEdges, unet2DCondition } from "@skipstep/core/model";
import { expect, it } from "vitest";
import { deepLayers } from "../src/deep-layers";

const root = join(import.meta.dirname, "../../..");

it.each([
  ["models/emoji-unet", 9],
  ["test/golden/pipelines/sd15", 12],
  ["test/golden/pipelines/sdxl", 9],
])("one tensor leaves the deep layers of %s, whatever the branch", (model, branches) => {
  const folder = join(root, model, "unet");
  const graph = buildGraph(unet2DCondition, folder);
  const structure = unet2DCondition.structure!(unet2DCondition.parse(readConfig(folder)));
  for (let branch = 0; branch < branches; branch++) {
    const [{ name, from, to = from }] = deepLayers(structure, branch) as [ReturnType<typeof deepLayers>[number]];
    const [region] = regionEdges(graph, [{ name, from, to }]);
    expect(region!.outputs).toEqual(["hidden"]);
  }
});
