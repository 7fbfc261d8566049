import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../src/compiler/compile";
import { planGraph, type RegionClaim } from "../src/compiler/plan";
import { size } from "../src/graph/dim";
import { Graph } from "../src/graph/graph";
import { linear } from "../src/graph/layers";
import { Program } from "../src/program/program";
import { WorkMeter } from "../src/program/work-meter";
import { Runtime } from "../src/runtime/runtime";
import type { Floats } from "../src/tensor";
import { memoryWeights, wave } from "./memory-weights";

const width = 8;

/** `out(silu(x + caption) + keys(caption))`, where the caption is embedded and refined first. */
function captionGraph(): Graph {
  const names = ["embedder", "refiner.0.fc", "layers.0.keys", "layers.0.fc"];
  const weights = names.map((name, i) => [`${name}.weight`, wave([width, width], i + 1)]);
  const g = Graph.create("transformer", memoryWeights(Object.fromEntries(weights)), {
    weightLoad: () => undefined,
    attention: () => undefined,
  });
  const plain = (graph: Graph, name: string, value: Parameters<typeof linear>[2]) =>
    linear(graph, name, value, width, { bias: false });
  const x = g.input("x", [size("B"), width]);
  const caption = g.steadyInput("caption", [size("B"), width]);
  const scaled = g.mul(caption, g.constant(2)); // leads to the embedder
  const embedded = plain(g, "embedder", scaled);
  const refined = g.mul(plain(g.scope("refiner.0"), "fc", embedded), g.constant(3)); // follows from the refiner
  const unused = g.mul(caption, g.constant(5)); // depends on the caption, and multiplies no matrices
  const layer = g.scope("layers.0");
  const sum = layer.add(layer.silu(layer.add(x, refined)), plain(layer, "keys", refined));
  g.output("sample", g.add(plain(layer, "fc", sum), unused));
  return g;
}

const names = (values: readonly { readonly name: string }[]): string[] => values.map(({ name }) => name);
const claim = (from: string): RegionClaim => ({
  plugin: "watcher",
  order: 0,
  region: { name: "part", index: 0, from, to: from },
});

describe("what depends on the prompt alone", () => {
  it("comes first, in whole modules with what leads to them and follows from them", () => {
    const { prompt, segments } = planGraph(captionGraph(), []);
    expect(segments.length).toBe(2);
    expect(prompt).toBe(segments[0]);
    expect(prompt!.nodes.map(({ op, scope }) => `${scope}:${op}`)).toEqual([
      ":Mul",
      ":MatMul",
      "refiner.0:MatMul",
      ":Mul",
    ]);
    expect(names(prompt!.inputs)).toEqual(["caption"]);
    expect(prompt!.outputs.length).toBe(1);
  });

  it("stays where a plugin's region covers it", () => {
    expect(planGraph(captionGraph(), [claim("refiner.0")]).prompt!.nodes.length).toBe(2);
    expect(planGraph(captionGraph(), [claim("")]).prompt).toBeUndefined();
  });
});

describe("a program with such a part", () => {
  const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-prompt-"));
  let runtime: Runtime;
  let program: Program;
  beforeAll(async () => {
    runtime = await Runtime.start({ provider: "cpu", threads: 1 });
    const graph = captionGraph();
    const plan = planGraph(graph, []);
    const about = { component: "transformer", className: "Captions", source: "/models/captions", plugins: [] };
    program = await Program.open(
      runtime,
      graph,
      plan,
      await compile({ graph, plan, identity: "1", cacheDir, ...about }),
    );
  });
  afterAll(async () => {
    await runtime.close();
    rmSync(cacheDir, { recursive: true });
  });

  /** One pass a caption, in a generation of its own. @returns the outputs, and how often the first part ran */
  async function run(captions: readonly number[], keep = true): Promise<{ outputs: Floats[]; runs: number }> {
    const meter = new WorkMeter();
    const flops = 4 * width * width * 2; // of the first part: two products for two rows
    return runtime.generation(async () => {
      const uploaded = new Map(
        [...new Set(captions)].map((seed) => [seed, runtime.upload(wave([2, width], seed), { keep })]),
      );
      const outputs: Floats[] = [];
      for (const seed of captions)
        outputs.push(
          await runtime.pass(async () => {
            const caption = keep ? uploaded.get(seed)! : runtime.upload(wave([2, width], seed));
            const { sample } = await program.run({ x: runtime.upload(wave([2, width], 30)), caption }, { meter });
            return (await sample!.read()) as Floats;
          }),
        );
      return { outputs, runs: meter.flops / flops - captions.length };
    });
  }

  it("computes it once for each caption that is kept, in every generation anew", async () => {
    const { outputs, runs } = await run([1, 2, 1, 1, 2]);
    expect(runs).toBe(2);
    expect(outputs.map(({ data }) => data)).toEqual([0, 1, 0, 0, 1].map((i) => outputs[i]!.data));
    expect(outputs[0]!.data).not.toEqual(outputs[1]!.data);
    const again = await run([1]);
    expect(again.runs).toBe(1);
    expect(again.outputs[0]!.data).toEqual(outputs[0]!.data);
  });

  it("computes it each time for a caption that goes with its pass", async () => {
    const { outputs, runs } = await run([1, 1], false);
    expect(runs).toBe(2);
    expect(outputs[0]!.data).toEqual((await run([1])).outputs[0]!.data);
  });
});
