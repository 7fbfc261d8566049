import { describe, expect, it } from "vitest";
import { balance } from "../src/memory/balance";
import { cutsBetweenModules } from "../src/memory/cuts";
import { placeComponents, segmentDevices } from "../src/memory/placement";
import { blockGraph } from "./block-model";

/** What runs where, with the first and last module of each span. */
function drawn(
  devices: readonly string[],
  components: ReadonlyMap<string, ReturnType<typeof blockGraph>["nodes"]>,
): string[] {
  return [...balance(components, devices)].flatMap(([name, spans]) =>
    spans.map(({ begin, end, device }) => {
      const scopes = components
        .get(name)!
        .slice(begin, end)
        .map(({ scope }) => scope);
      return `${name} ${scopes.find((scope) => scope !== "")} to ${scopes.at(-1) || "the end"}: ${device}`;
    }),
  );
}

describe("balance", () => {
  const nodes = blockGraph(12).nodes; // 12 layers of 16 KB, and 77 KB at the end
  const components = new Map([
    ["text_encoder", blockGraph(1).nodes],
    ["transformer", nodes],
  ]);

  it("gives everything to the only device", () => {
    expect(drawn(["cuda"], components)).toEqual([
      "text_encoder embed to the end: cuda",
      "transformer embed to the end: cuda",
    ]);
  });

  it("shares bytes out evenly, in running order", () => {
    expect(drawn(["cuda:0", "cuda:1"], components)).toEqual([
      "text_encoder embed to the end: cuda:0",
      "transformer embed to layers.4: cuda:0",
      "transformer layers.5 to the end: cuda:1",
    ]);
  });

  it("covers every node once", () => {
    const spans = balance(components, ["a", "b", "c"]).get("transformer")!;
    expect(spans.flatMap(({ begin, end }) => [begin, end])).toEqual([
      0,
      ...spans.slice(1).flatMap(({ begin }) => [begin, begin]),
      nodes.length,
    ]);
  });
});

describe("cuts for sequential memory", () => {
  it("lie between modules, with small models in one piece", () => {
    expect(cutsBetweenModules(blockGraph(12).nodes)).toEqual([]); // 270 KB
    const nodes = blockGraph(3000).nodes; // 49 MB
    const cuts = cutsBetweenModules(nodes);
    expect(cuts.length).toBeGreaterThan(9);
    for (const cut of cuts) expect(nodes[cut]!.scope).not.toBe(nodes[cut - 1]!.scope);
  });
});

describe("placement", () => {
  it("tells the device of each segment", () => {
    const { nodes } = blockGraph(4);
    const device_map = { transformer: { "layers.1-2": "cuda" } };
    const placement = placeComponents({ memory: "resident", device_map }, new Map([["transformer", nodes]]), []).get(
      "transformer",
    )!;
    const [begin, end] = placement.cuts as [number, number];
    const parts = [nodes.slice(0, begin), nodes.slice(begin, end), nodes.slice(end)].map((part) => ({ nodes: part }));
    expect(segmentDevices(placement, nodes, parts)).toEqual([undefined, "cuda", undefined]);
  });
});
