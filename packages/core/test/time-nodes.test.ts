import { describe, expect, it } from "vitest";
import { planGraph, type RegionClaim, type RegionPart } from "../src/compiler/plan";
import { noHooks } from "../src/graph/build-hooks";
import { size } from "../src/graph/dim";
import { Graph } from "../src/graph/graph";
import { linear } from "../src/graph/layers";
import type { Node, Value } from "../src/graph/value";
import { memoryWeights, wave } from "./memory-weights";

const width = 8;
const batch = size("B");

/** What a test adds to a block. @returns what the block's matrix is given of the condition */
type Condition = (g: Graph, condition: Value) => Value;

/** Two blocks that are modulated by timestep and class, `x (1 + scale) + shift`, and a product of theirs. */
function modulatedGraph(condition: Condition = (_, value) => value): Graph {
  const shapes: Record<string, number[]> = {
    ...{ "time.weight": [width, 1], "classes.weight": [3, width] },
    ...Object.fromEntries([0, 1].map((i) => [`blocks.${i}.modulation.weight`, [2 * width, width]])),
    ...Object.fromEntries([0, 1].map((i) => [`blocks.${i}.modulation.bias`, [2 * width]])),
    ...Object.fromEntries([0, 1].map((i) => [`blocks.${i}.fc.weight`, [width, width]])),
  };
  const weights = Object.entries(shapes).map(([name, shape], i) => [name, wave(shape, i + 1)]);
  const g = Graph.create("transformer", memoryWeights(Object.fromEntries(weights)), noHooks);
  let x = g.input("x", [batch, size("T"), width]);
  const timestep = g.timeInput("timestep", [batch]);
  const labels = g.steadyInput("labels", [batch], "int64");
  const time = linear(g, "time", g.unsqueeze(timestep, 1), width, { bias: false });
  const classes = g.gather(g.weight("classes.weight", [3, width]), labels, 0);
  const silu = g.silu(g.add(time, classes));
  for (let i = 0; i < 2; i++) {
    const block = g.scope(`blocks.${i}`);
    const given = condition(block, silu);
    const parts = linear(block, "modulation", given, 2 * width);
    const [shift, scale] = block.chunk(block.unsqueeze(parts, 1), 2, 2) as [Value, Value];
    x = linear(block, "fc", block.add(block.mul(x, block.onePlus(scale)), shift), width, { bias: false });
  }
  g.output("sample", x);
  return g;
}

const opsOf = (nodes: readonly Node[]): string[] => nodes.map(({ op, scope }) => `${scope}:${op}`);
const names = (values: readonly Value[]): string[] => values.map(({ name }) => name);
const claim = (from: string, to = from, lean = false): RegionClaim => ({
  plugin: "watcher",
  order: 0,
  region: { name: "part", index: 0, from, to, lean },
});

describe("what the timestep decides", () => {
  it("comes first: products with what leads to them, and what follows without being more", () => {
    const { time, prompt, segments } = planGraph(modulatedGraph(), []);
    expect(segments).toHaveLength(2);
    expect(time!.segment).toBe(segments[0]);
    expect(prompt).toBeUndefined();
    expect(time).toMatchObject({ rows: "B", areRowsApart: true });
    const block = (i: number): string[] => ["MatMul", "Add", "Reshape"].map((op) => `blocks.${i}:${op}`);
    expect(opsOf(time!.segment.nodes)).toEqual([
      ...[":Reshape", ":MatMul", ":Gather", ":Add", ":QuickGelu"],
      ...[...block(0), ...block(1)],
    ]);
    expect(names(time!.segment.inputs)).toEqual(["timestep", "labels"]);
    expect(time!.segment.outputs.map(({ shape }) => shape.join())).toEqual(["B,1,16", "B,1,16"]);
  });

  it("stays where it has a row for each token, or depends on what changes from step to step", () => {
    const graph = modulatedGraph();
    const { time, segments } = planGraph(graph, []);
    expect(opsOf(segments[1]!.nodes)).toContain("blocks.1:MatMul");
    expect(time!.segment.nodes.length + segments[1]!.nodes.length).toBe(graph.nodes.length);
    const changing = modulatedGraph((g, value) => g.add(value, g.input(`more.${g.path}`, [batch, width])));
    expect(opsOf(planGraph(changing, []).time!.segment.nodes)).toEqual([":Reshape", ":MatMul"]);
    const tokens = modulatedGraph((g, value) => {
      const text = g.steadyInput(`text.${g.path}`, [batch, size("S"), width]);
      const mean = g.node("ReduceMean", [text, g.constant([1], undefined, "int64")], [batch, width], {
        attributes: { keepdims: { int: 0 } },
      });
      return g.add(value, mean);
    });
    expect(opsOf(planGraph(tokens, []).time!.segment.nodes)).toEqual([":Reshape", ":MatMul"]);
  });

  it("is nothing where a model names no input of time", () => {
    const g = Graph.create("transformer", memoryWeights({ "fc.weight": wave([width, width], 1) }), noHooks);
    g.output("sample", linear(g, "fc", g.steadyInput("x", [batch, width]), width, { bias: false }));
    expect(planGraph(g, []).time).toBeUndefined();
  });

  it("leaves its place in a plugin's region, which is given it by name", () => {
    const { parts, time } = planGraph(modulatedGraph(), [claim("blocks.0", "blocks.1")]);
    expect(time!.segment.nodes).toHaveLength(11);
    const { inputs } = parts[0] as RegionPart;
    expect(inputs.map(({ name }) => name)).toEqual(["blocks.0/Reshape", "x", "blocks.1/Reshape"]);
    expect(planGraph(modulatedGraph(), [claim("")]).time!.segment.nodes).toHaveLength(11);
    expect(planGraph(modulatedGraph(), [claim("blocks.1", "blocks.1", true)]).time!.segment.nodes).toHaveLength(11);
  });

  it("stays in a region that would be empty without it", () => {
    const silu = modulatedGraph((g, value) => g.scope("act").silu(value));
    const { time, parts } = planGraph(silu, [claim("blocks.0.act")]);
    expect(opsOf(time!.segment.nodes)).not.toContain("blocks.0.act:QuickGelu");
    expect(opsOf(time!.segment.nodes)).toContain("blocks.1.act:QuickGelu");
    expect(parts[0]).toMatchObject({ kind: "region", claim: { region: { from: "blocks.0.act" } } });
  });

  it.each<[string, Condition]>([
    ["reduces over rows", (g, value) => g.mul(value, g.node("ReduceMax", [value, axis(g, 0)], [1, width]))],
    ["is not known", (g, value) => g.node("DynamicThing", [value], value.shape)],
    ["goes along rows", (g, value) => g.softmax(value, 0)],
    ["turns rows", (g, value) => g.transpose(g.transpose(value, [1, 0]), [1, 0])],
  ])("is not computed for several steps at once where a node %s", (_, condition) => {
    const { time } = planGraph(modulatedGraph(condition), []);
    expect(time!.segment.nodes.length).toBeGreaterThan(11);
    expect(time!.areRowsApart).toBe(false);
  });

  it.each<[string, Condition]>([
    ["reduces a row", (g, value) => g.mul(value, g.node("ReduceMax", [value, axis(g, 1)], [batch, 1]))],
    ["puts rows side by side", (g, value) => g.slice(g.concat([value, value], 1), 1, 0, width)],
    ["gives each row of a class several", (g, value) => g.reshape(g.reshape(value, [-1, 2]), [batch, width])],
  ])("is computed for several steps at once where a node %s", (_, condition) => {
    expect(planGraph(modulatedGraph(condition), []).time!.areRowsApart).toBe(true);
  });

  it("goes along where the same weights see something steady", () => {
    const graph = modulatedGraph();
    const table = graph.nodes.find(({ op, scope }) => op === "MatMul" && scope === "blocks.0")!.inputs[1]!;
    const twice = graph.matmul(graph.constant(new Array(width).fill(1), [1, width]), table);
    graph.output("constant", twice);
    const { time } = planGraph(graph, []);
    expect(time!.segment.outputs).toContain(twice);
  });
});

function axis(g: Graph, at: number): Value {
  return g.constant([at], undefined, "int64");
}
