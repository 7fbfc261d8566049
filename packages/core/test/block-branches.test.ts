import { join } from "node:path";
import { expect, it } from "vitest";
import type { Architecture } from "../src/architecture/architecture";
import { planGraph, type RegionPart } from "../src/compiler/plan";
import { dit } from "../src/families/dit/model";
import { flux } from "../src/families/flux/model";
import { pixart } from "../src/families/pixart/model";
import { sd3 } from "../src/families/sd3/model";
import { zImage } from "../src/families/z-image/model";
import { buildGraph, readConfig } from "./build-graph";

const golden = join(import.meta.dirname, "../../../test/golden");

it.each<[string, Architecture, readonly string[]]>([
  ["dit", dit, ["attn1", "ff"]],
  ["pixart", pixart, ["attn1", "ff"]],
  ["sd3", sd3, ["attn", "ff", "ff_context"]],
  ["sd35", sd3, ["attn", "attn2", "ff", "ff_context"]],
  ["flux", flux, ["attn", "ff", "ff_context"]],
  ["pipelines/z-image/transformer", zImage, ["attention", "feed_forward"]],
])("branches of %s come in running order and make nothing but what a gate is to scale", (name, model, first) => {
  const graph = buildGraph(model, "forward", join(golden, name));
  const { blocks, branches = [], features } = model.structure!(model.parse(readConfig(join(golden, name))));
  expect(features).toContain("block-branches");
  expect(branches.filter(({ block }) => block === blocks[0]).map(({ from }) => from)).toEqual(
    first.map((branch) => `${blocks[0]}.${branch}`),
  );
  expect([...new Set(branches.map(({ block }) => block))]).toEqual(blocks);

  const claims = branches.map(({ from, to }, index) => ({
    plugin: "test",
    order: 0,
    region: { name: from, index, from, to },
  }));
  const regions = planGraph(graph, claims).parts.filter((part): part is RegionPart => part.kind === "region");
  expect(regions.map(({ claim }) => claim.region.name)).toEqual(branches.map(({ from }) => from));
  for (const { claim, outputs } of regions) {
    const { name: branch } = claim.region;
    // Both streams leave an attention over text and image.
    expect(outputs.length, branch).toBeLessThanOrEqual(branch.endsWith(".attn") ? 2 : 1);
    for (const { value } of outputs)
      for (const { op, scope } of graph.nodes.filter(({ inputs }) => inputs.includes(value)))
        if (!`${scope}.`.startsWith(`${branch}.`) && claim.region.to === branch) expect(scaling, branch).toContain(op);
  }
});

/** By its gate, or before that by a norm that knows nothing of the step. */
const scaling = ["Mul", "SimplifiedLayerNormalization"];
