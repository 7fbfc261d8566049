import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blockConvolutions } from "../src/compiler/blocked-convolutions";
import { type CompiledEngine, compile } from "../src/compiler/compile";
import { planGraph } from "../src/compiler/plan";
import { size } from "../src/graph/dim";
import { Graph } from "../src/graph/graph";
import { conv2d } from "../src/graph/layers";
import type { Node, Value } from "../src/graph/value";
import type { ConvOptions } from "../src/graph/weight";
import { onnxFile } from "../src/onnx/onnx-file";
import { Program } from "../src/program/program";
import { Runtime } from "../src/runtime/runtime";
import type { Floats } from "../src/tensor";
import { memoryWeights, wave } from "./memory-weights";

const noPlugins = { weightLoad: () => undefined, attention: () => undefined };

interface Layer extends ConvOptions {
  readonly channels: readonly [input: number, output: number];
  readonly kernel: number;
  readonly bias?: boolean;
}

/** One convolution behind the other; the wide one makes laying filters out worth it. */
const layers: readonly Layer[] = [
  { channels: [3, 36], kernel: 3, padding: 1 },
  { channels: [36, 20], kernel: 3, stride: 2, padding: [0, 0, 1, 1] },
  { channels: [20, 1024], kernel: 1, bias: false },
  { channels: [1024, 1024], kernel: 3, padding: 1 },
  { channels: [1024, 22], kernel: 3, padding: 1 }, // no multiple of 4: stays as it is
  { channels: [22, 4], kernel: 1 }, // neither
  { channels: [4, 4], kernel: 3, padding: 1 },
];

function convolutions(
  chosen: readonly Layer[],
  around: (g: Graph, convolved: Convolved, x: Value) => Value = plainly,
): Graph {
  const tensors = Object.fromEntries(
    chosen.flatMap(({ channels: [input, output], kernel, bias = true }, i) => {
      const weight = wave([output, input, kernel, kernel], i + 1);
      for (let at = 0; at < weight.data.length; at++) weight.data[at]! /= Math.sqrt(input) * kernel;
      return [[`${i}.weight`, weight], ...(bias ? [[`${i}.bias`, wave([output], i + 20)]] : [])];
    }),
  );
  const g = Graph.create("vae", memoryWeights(tensors), noPlugins);
  let x = g.input("x", [size("B"), chosen[0]!.channels[0], size("h"), size("w")]);
  for (const [i, { channels, kernel, ...options }] of chosen.entries())
    x = around(g, (y) => conv2d(g, String(i), y, channels[1], kernel, options), x);
  g.output("sample", x);
  return g;
}

type Convolved = (x: Value) => Value;

const plainly = (_g: Graph, convolved: Convolved, x: Value): Value => convolved(x);

/** As where pictures have their channels last. */
const turned = (g: Graph, convolved: Convolved, x: Value): Value => {
  const last = g.relu(g.transpose(x, [0, 2, 3, 1]));
  const y = g.transpose(convolved(g.transpose(last, [0, 3, 1, 2])), [0, 2, 3, 1]);
  return g.transpose(g.tanh(y), [0, 3, 1, 2]);
};

const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-blocked-"));
let runtime: Runtime;
beforeAll(async () => {
  runtime = await Runtime.start({ provider: "cpu" });
});
afterAll(async () => {
  await runtime.close();
  rmSync(cacheDir, { recursive: true });
});

async function run(graph: Graph, convolutionBlock: number | undefined): Promise<[CompiledEngine, Floats]> {
  const plan = planGraph(graph, []);
  const about = { component: "vae", className: "Convolutions", source: "/models/convolutions", plugins: [] };
  const compiled = await compile({ graph, plan, identity: "1", cacheDir, convolutionBlock, ...about });
  const program = await Program.open(runtime, graph, plan, compiled);
  const output = await runtime.pass(async () => {
    const { sample } = await program.run({
      x: runtime.upload(wave([2, graph.inputs[0]!.shape[1] as number, 9, 7], 9)),
    });
    return (await sample!.read()) as Floats;
  });
  await program.close();
  return [compiled, output];
}

/** Domain and kind of each node of the ONNX file. */
function operators({ segments }: CompiledEngine): string[] {
  const { graph } = onnxFile.toObject(onnxFile.decode(readFileSync(segments[0]!.path)), { arrays: true }) as {
    graph: { node: readonly { domain: string; op_type: string }[] };
  };
  return graph.node.map(({ domain, op_type }) => (domain === "" ? op_type : `${domain.split(".").at(-1)}.${op_type}`));
}

describe("convolutions in blocks of channels", () => {
  it("know the machine's block", async () => {
    expect([8, 16]).toContain(await runtime.convolutionBlock());
  });

  it("give what ONNX's own give, whatever their channels, strides and borders", async () => {
    const graph = convolutions(layers);
    const [plain, expected] = await run(graph, undefined);
    const [blocked, found] = await run(graph, await runtime.convolutionBlock());
    expect(operators(plain)).toEqual(layers.map(() => "Conv"));
    expect(operators(blocked)).toEqual([
      ...["nchwc.Conv", "nchwc.ReorderOutput"], // three channels are read as they lie
      ...[1, 2, 3].flatMap(() => ["nchwc.ReorderInput", "nchwc.Conv", "nchwc.ReorderOutput"]),
      ...["Conv", "Conv", "nchwc.Conv", "nchwc.ReorderOutput"],
    ]);
    expect(blocked.key).not.toBe(plain.key);
    expect(found.shape).toEqual(expected.shape);
    const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(found.data.every((value, i) => Math.abs(value - expected.data[i]!) <= 1e-5 * largest)).toBe(true);
  });

  it("read and write pictures with their channels last, where they are between two transposes", async () => {
    const graph = convolutions([layers[3]!], turned);
    const { nodes } = graph;
    const [, expected] = await run(graph, undefined);
    const [blocked, found] = await run(graph, await runtime.convolutionBlock());
    expect(operators(blocked)).toEqual([
      ...["Transpose", "Relu", "nchwc.ReorderInput", "nchwc.Conv", "nchwc.ReorderOutput", "Tanh", "Transpose"],
    ]);
    const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(found.data.every((value, i) => Math.abs(value - expected.data[i]!) <= 1e-5 * largest)).toBe(true);

    // What is read elsewhere, too, stays.
    const convolution = nodes.find(({ op }) => op === "Conv")!;
    const isTranspose = ({ op }: Node): boolean => op === "Transpose";
    const left = (crossing: readonly Value[]): number =>
      nodes.flatMap(blockConvolutions(nodes, 16, new Set(crossing))).filter(isTranspose).length;
    expect([[], [convolution.inputs[0]!], convolution.outputs].map(left)).toEqual([2, 3, 3]);
  });

  it("are left as they are in small models", () => {
    const { nodes } = convolutions(layers.slice(0, 2));
    const lowered = blockConvolutions(nodes, 16);
    expect(nodes.flatMap(lowered)).toEqual(nodes);
  });
});
