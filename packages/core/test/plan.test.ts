import { describe, expect, it } from "vitest";
import { type Part, planGraph, type RegionClaim, type Segment } from "../src/compiler/plan";
import type { Graph } from "../src/graph/graph";
import type { Value } from "../src/graph/value";
import { blockGraph } from "./block-model";

function claim(plugin: string, from: string, to = from, order = 0): RegionClaim {
  return { plugin, order, region: { name: `${plugin} ${from}`, index: 0, from, to } };
}

/** `s0 a[s1 b[s2]]`: segments, and regions by their plugin. */
function drawn(parts: readonly Part[]): string {
  return parts
    .map((part) => (part.kind === "segment" ? `s${part.segment.index}` : `${part.claim.plugin}[${drawn(part.parts)}]`))
    .join(" ");
}

function outline(graph: Graph, ...claims: RegionClaim[]): string {
  return drawn(planGraph(graph, claims).parts);
}

describe("a plan", () => {
  const graph = blockGraph(4);
  const names = (values: readonly { readonly name: string }[]): string[] => values.map(({ name }) => name);

  it("is one segment where no plugin asks for a region", () => {
    const plan = planGraph(graph, []);
    expect(drawn(plan.parts)).toBe("s0");
    expect(plan.segments[0]!.nodes).toEqual(graph.nodes);
    expect(names(plan.segments[0]!.inputs)).toEqual(["x"]);
    expect(names(plan.segments[0]!.sizes)).toEqual(["sizes(B, T, 64)"]);
    expect(names(plan.segments[0]!.outputs)).toEqual(names(graph.outputs.map(({ value }) => value)));
    expect(names(plan.outputs)).toEqual(["sample"]);
  });

  it("is cut at the edges of regions and nowhere else", () => {
    expect(outline(graph, claim("a", "layers.1", "layers.2"))).toBe("s0 a[s1] s2");
    expect(outline(graph, claim("a", "layers.0"), claim("a", "layers.1", "layers.3"))).toBe("s0 a[s1] a[s2] s3");
    const { segments } = planGraph(graph, [claim("a", "layers.1", "layers.2")]);
    expect(segments.flatMap(({ nodes }) => nodes)).toEqual(graph.nodes);
    expect(new Set(segments[1]!.nodes.map(({ scope }) => scope))).toEqual(new Set(["layers.1", "layers.2"]));
  });

  it("nests regions, whatever the order in which they are asked for", () => {
    const [outer, inner, innermost] = [
      claim("a", "layers.0", "layers.3"),
      claim("b", "layers.1", "layers.2"),
      claim("c", "layers.2"),
    ];
    expect(outline(graph, outer, inner, innermost)).toBe("s0 a[s1 b[s2 c[s3]] s4] s5");
    expect(outline(graph, innermost, inner, outer)).toBe("s0 a[s1 b[s2 c[s3]] s4] s5");
  });

  it("puts the config's first plugin outermost where regions are equal", () => {
    const [first, second] = [claim("first", "layers.1", "layers.1", 0), claim("second", "layers.1", "layers.1", 1)];
    expect(outline(graph, first, second)).toBe("s0 first[second[s1]] s2");
    expect(outline(graph, second, first)).toBe("s0 first[second[s1]] s2");
  });

  it('takes "" for the whole model', () => {
    expect(outline(graph, claim("a", ""))).toBe("a[s0]");
    expect(outline(graph, claim("a", ""), claim("b", "layers.0"))).toBe("a[s0 b[s1] s2]");
    const [whole] = planGraph(graph, [claim("a", "")]).parts;
    expect(whole).toMatchObject({ inputs: [{ name: "x" }], kind: "region" });
  });

  it("refuses regions that overlap, with both plugins and both regions", () => {
    const overlap = (): unknown =>
      planGraph(graph, [claim("left", "layers.0", "layers.2"), claim("right", "layers.2", "layers.3", 1)]);
    expect(overlap).toThrow(expect.objectContaining({ code: "SKIPSTEP_REGION_OVERLAP" }));
    expect(overlap).toThrow(/"left" .*"layers\.0" to "layers\.2".*"right".*"layers\.2" to "layers\.3"/);
  });

  it("refuses regions that overlap inside another one", () => {
    const claims = [claim("all", ""), claim("left", "layers.0", "layers.2"), claim("right", "layers.1", "layers.3", 1)];
    expect(() => planGraph(graph, claims)).toThrow(/"left" .*"right"/);
  });

  it("refuses a scope that the model does not have, and says which it has", () => {
    const unknown = (): unknown => planGraph(graph, [claim("a", "layers.4")]);
    expect(unknown).toThrow(expect.objectContaining({ code: "SKIPSTEP_REGION_UNKNOWN" }));
    expect(unknown).toThrow(/"layers\.4".*embed, layers\.0, layers\.1, layers\.2, layers\.3/);
  });

  it("takes no scope for another that begins with the same letters", () => {
    const { segments } = planGraph(blockGraph(12), [claim("a", "layers.1")]);
    expect(new Set(segments[1]!.nodes.map(({ scope }) => scope))).toEqual(new Set(["layers.1"]));
  });

  it("refuses a region that ends before it begins", () => {
    expect(() => planGraph(graph, [claim("a", "layers.2", "layers.1")])).toThrow(/"layers\.2" to "layers\.1".*Swap/);
  });

  it("ends a region before a scope where that is asked for", () => {
    const before = (from: string, until: string): RegionClaim => {
      const { region, ...rest } = claim("a", from);
      return { ...rest, region: { ...region, until } };
    };
    expect(outline(graph, before("layers.0", "layers.2"))).toBe(outline(graph, claim("a", "layers.0", "layers.1")));
    expect(() => planGraph(graph, [before("layers.0", "layers.9")])).toThrow(/"layers\.9".*layers\.0, layers\.1/);
    const backwards = (): unknown => planGraph(graph, [before("layers.2", "layers.2")]);
    expect(backwards).toThrow(/"layers\.2" until "layers\.2", which ends before it begins/);
  });

  it("names a value by its label", () => {
    const labelled = blockGraph(4);
    labelled.label("glow", labelled.taps.get("layers.1.out0")!);
    expect(planGraph(labelled, [claim("a", "layers.1")]).parts[1]).toMatchObject({ outputs: [{ name: "glow" }] });
  });

  it("names a region's streams as the model does", () => {
    const [, region] = planGraph(graph, [claim("a", "layers.1", "layers.2")]).parts;
    expect(region).toMatchObject({ inputs: [{ name: "hidden" }], outputs: [{ name: "hidden" }] });
  });

  it("hands on what is read later, past the segments between", () => {
    const { segments } = planGraph(
      graph,
      [claim("a", "layers.1")],
      [{ name: "tap", value: graph.taps.get("layers.0.out0")! }],
    );
    const tap = graph.taps.get("layers.0.out0")!;
    expect(segments[0]!.outputs).toEqual([tap]); // read by layers.1 and at the end
    expect(segments[1]!.inputs).toEqual([tap]);
    expect(segments[1]!.outputs).toEqual([graph.taps.get("layers.1.out0")]); // not what only layers.1 reads
    expect(segments[2]!.inputs).toEqual([graph.taps.get("layers.1.out0")]);
  });

  it("carries a skip past a region that does not read it", () => {
    const g = blockGraph(1);
    const x = g.inputs[0]!;
    const early = g.scope("early").sin(x);
    const middle = g.scope("middle").cos(x);
    g.output("sum", g.scope("late").add(early, middle));
    const plan = planGraph(g, [claim("a", "middle")]);
    const [before, inside, after] = plan.segments;
    expect(before!.outputs).toContain(early);
    expect(inside!.inputs).toEqual([x]);
    expect(inside!.outputs).toEqual([middle]);
    expect(after!.inputs).toEqual([early, middle]);
  });

  describe("with a lean region", () => {
    const lean = (from: string, order = 0): RegionClaim => {
      const { region, ...rest } = claim("a", from, from, order);
      return { ...rest, region: { ...region, lean: true } };
    };

    /** Before `middle`: `gate`, which the end reads, too, and `normal`, from `own`, which only `middle` reads. */
    function gated() {
      const g = blockGraph(1);
      const hidden = g.taps.get("layers.0.out0")!;
      const own = g.scope("early").sin(hidden);
      const gate = g.scope("early").tanh(hidden);
      const normal = g.scope("early").mul(own, gate);
      const middle = g.scope("middle").cos(normal);
      g.output("sum", g.scope("late").mul(middle, gate));
      return { g, hidden, own, gate, normal, middle };
    }

    it("computes inside it what only it reads", () => {
      const { g, hidden, own, gate, normal, middle } = gated();
      const { parts, segments } = planGraph(g, [lean("middle")]);
      const [before, inside] = segments;
      expect(inside!.nodes.flatMap(({ outputs }) => outputs)).toEqual([own, normal, middle]);
      expect(before!.outputs).toEqual([hidden, g.outputs[0]!.value, gate]);
      expect(parts[1]).toMatchObject({ inputs: [{ value: hidden }, { value: gate }], outputs: [{ value: middle }] });
    });

    it("leaves all of that outside of one that is not", () => {
      const { g, normal, middle } = gated();
      const [, inside] = planGraph(g, [claim("a", "middle")]).segments;
      expect(inside!.nodes.flatMap(({ outputs }) => outputs)).toEqual([middle]);
      expect(inside!.inputs).toEqual([normal]);
    });

    it("leaves outside what must come out when it is skipped", () => {
      const { g, own, normal, middle } = gated();
      const inside = (extra: Value): Value[] =>
        planGraph(g, [lean("middle")], [{ name: "tap", value: extra }]).segments[1]!.nodes.flatMap(
          ({ outputs }) => outputs,
        );
      expect(inside(normal)).toEqual([middle]); // and so what leads to it
      expect(inside(own)).toEqual([normal, middle]);
    });

    it("takes nothing from other regions, nor from behind them or a cut", () => {
      const { g, own, normal, middle } = gated();
      const madeIn = (segment: Segment): Value[] => segment.nodes.flatMap(({ outputs }) => outputs);
      const behind = planGraph(g, [claim("b", "early"), lean("middle", 1)]);
      expect(madeIn(behind.segments[2]!)).toEqual([middle]);
      const at = g.nodes.findIndex(({ outputs }) => outputs[0] === normal);
      const cut = planGraph(g, [lean("middle")], [], [at]);
      expect(madeIn(cut.segments.at(-2)!)).toEqual([normal, middle]);
      expect(madeIn(cut.segments[0]!)).toContain(own);
    });

    it("nests in a region that begins where it does", () => {
      const { g } = gated();
      expect(outline(g, lean("middle"), claim("b", "middle", "late", 1))).toBe("s0 b[a[s1] s2]");
    });
  });
});
