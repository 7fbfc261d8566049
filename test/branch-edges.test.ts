import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildGraph } from "@skipstep/contract/graph";
import { type Architecture, dit, pixart, qwenImage, regionEdges, sana, sd3, zImage } from "@skipstep/core/model";
import { expect, it } from "vitest";

const models: Readonly<Record<string, Architecture>> = {
  dit,
  pixart,
  "qwen-image": qwenImage,
  sana,
  sd3,
  "sd35-no-t5": sd3,
  "z-image": zImage,
};

/** What goes around an attention beside tokens: positions and masks. */
const others = /^(cos|sin|mask|Expand|Concat)/;

it.each(Object.entries(models))(
  "%s: what enters a branch and leaves it has the same names as elsewhere",
  (name, model) => {
    const folder = join(import.meta.dirname, "golden/pipelines", name, "transformer");
    const { branches = [] } = model.structure!(
      model.parse(JSON.parse(readFileSync(join(folder, "config.json"), "utf8"))),
    );
    expect(branches.length).toBeGreaterThan(0);
    const graph = buildGraph(model, folder);
    for (const { from, to } of branches) {
      const [edges] = regionEdges(graph, [{ name: "branch", from, to: to ?? from }]);
      const entering = edges!.inputs.filter((input) => !others.test(input));
      const named = (streams: readonly string[], ends: readonly [string, string]): string[] =>
        [streams.includes("hidden") ? ends[0] : [], streams.includes("encoder") ? ends[1] : []].flat();
      const isText = /_context$|\.txt_mlp$/.test(from);
      const streams = isText
        ? ["encoder"]
        : edges!.inputs.includes("encoder_modulated")
          ? ["hidden", "encoder"]
          : ["hidden"];
      expect([...entering].sort(), from).toEqual(named(streams, ["modulated", "encoder_modulated"]).sort());
      const leaving = edges!.outputs.length < streams.length ? ["hidden"] : streams; // the last block needs no text
      expect([...edges!.outputs].sort(), from).toEqual(named(leaving, ["branch", "encoder_branch"]).sort());
    }
  },
);
