import { join } from "node:path";
import { expect, it } from "vitest";
import { planGraph } from "../../../packages/core/src/compiler/plan";
import { unet2DCondition } from "../../../packages/core/src/families/unet/unet-2d-condition";
import { buildGraph, readConfig } from "../../../packages/core/test/build-graph";
import { deepLayers } from "../src/deep-layers";

const root = join(import.meta.dirname, "../../..");

it.each([
  ["models/emoji-unet", 9],
  ["test/golden/pipelines/sd15", 12],
  ["test/golden/pipelines/sdxl", 9],
])("one tensor leaves the deep layers of %s, whatever the branch", (model, branches) => {
  const folder = join(root, model, "unet");
  const graph = buildGraph(unet2DCondition, "forward", folder);
  const structure = unet2DCondition.structure!(unet2DCondition.parse(readConfig(folder)));
  for (let branch = 0; branch < branches; branch++) {
    const [{ name, from, to = from }] = deepLayers(structure, branch) as [ReturnType<typeof deepLayers>[number]];
    const claim = { plugin: "test", order: 0, region: { name, index: 0, from, to } };
    const region = planGraph(graph, [claim]).parts.find((part) => part.kind === "region")!;
    expect(region.outputs.map((port) => port.name)).toEqual(["hidden"]);
  }
});
