import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Floats, floats, size } from "@skipstep/core/model";
import { afterAll, describe, expect, it } from "vitest";
import {
  buildGraph,
  expectClose,
  expectSame,
  expectWithin,
  madeRun,
  madeStep,
  memoryWeights,
  newGraph,
  openWithPlugins,
  readSafetensors,
  runGraph,
  safetensors,
  wave,
  weightShapes,
} from "../src/graph";
import { SkipMiddle } from "./skip-middle";
import { toyDenoiser } from "./toy-denoiser";

const config = { width: 4, layers: 3 };
const shapes = weightShapes(toyDenoiser, config);
const tensors = Object.fromEntries([...shapes].map(([name, shape], i) => [name, wave(shape, i + 1)]));
const folder = mkdtempSync(join(tmpdir(), "skipstep-contract-graph-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "transformer"));
writeFileSync(join(folder, "transformer/config.json"), JSON.stringify(config));
writeFileSync(join(folder, "transformer/diffusion_pytorch_model.safetensors"), safetensors(tensors));

const x = wave([2, 5, 4], 9);

/** The same in plain arithmetic. @param blocks those that are computed */
function expected(blocks: readonly number[], { data }: Floats = x): Floats {
  let rows = data;
  for (const block of blocks)
    for (const layer of ["attn", "ff"]) {
      const [weight, bias] = ["weight", "bias"].map((name) => tensors[`blocks.${block}.${layer}.${name}`]!.data);
      rows = rows.map((value, i) => {
        const [row, column] = [i - (i % 4), i % 4];
        return (
          value + bias![column]! + [0, 1, 2, 3].reduce((sum, k) => sum + rows[row + k]! * weight![column * 4 + k]!, 0)
        );
      });
    }
  return floats(x.shape, rows);
}

describe("a graph without a pipeline", () => {
  it("asks for the weights that its model has", () => {
    expect([...shapes.keys()].slice(0, 4)).toEqual([
      "blocks.0.attn.weight",
      "blocks.0.attn.bias",
      "blocks.0.ff.weight",
      "blocks.0.ff.bias",
    ]);
    expect(shapes.get("blocks.2.ff.weight")).toEqual([4, 4]);
  });

  it.each([
    ["plain arrays", { config, weights: memoryWeights(tensors) }],
    ["a component's folder", join(folder, "transformer")],
  ])("is built of %s and gives what its numbers give, modules and all", async (_, model) => {
    const found = await runGraph(buildGraph(toyDenoiser, model), { hidden_states: x }, { taps: true });
    for (const [i, blocks] of [[0], [0, 1], [0, 1, 2]].entries())
      expectClose(`block ${i}`, found[`blocks.${i}.out0`]!, expected(blocks), 1e-5);
    expectClose("sample", found.sample!, expected([0, 1, 2]), 1e-5);
    expect(() => expectClose("sample", found.sample!, expected([0, 1]), 1e-5)).toThrow(/^sample: largest difference/);
  });

  it("is cut at a plugin's regions, step by step", async () => {
    const denoiser = await openWithPlugins(toyDenoiser, join(folder, "transformer"), [{ use: SkipMiddle }]);
    expect(denoiser.config).toEqual(config);
    const run = madeRun(2);
    const step = (index: number) => madeStep(run, index, { latents: x });
    await denoiser.generation(async () => {
      for (const [index, blocks] of [
        [0, 1, 2],
        [0, 2],
      ].entries()) {
        const { sample } = await denoiser.pass({ hidden_states: x }, step(index));
        expectClose(`step ${index}`, sample!, expected(blocks), 1e-5);
      }
      const { sample } = await denoiser.pass({ hidden_states: x });
      expectClose("without a step", sample!, expected([0, 1, 2]), 1e-5);
    });
    await denoiser.close();
    expect(denoiser.regions.map(({ computed, reused }) => [computed, reused])).toEqual([[[0], [1]]]);
  });

  it("is asked about by build hooks", async () => {
    const hooks = { weightLoad: () => ({ form: "none", byteLength: 0, emit: (_: unknown, input: never) => input }) };
    const graph = buildGraph(toyDenoiser, { config, weights: memoryWeights(tensors) }, { hooks });
    const { sample } = await runGraph(graph, { hidden_states: x });
    expectWithin(
      "each layer doubles",
      sample!,
      floats(
        x.shape,
        x.data.map((value) => 64 * value),
      ),
      1e-5,
    );
  });

  it("tells of weights and shapes that do not fit", async () => {
    const { "blocks.1.ff.bias": _, ...others } = tensors;
    const built = (weights: Readonly<Record<string, Floats>>) => () =>
      buildGraph(toyDenoiser, { config, weights: memoryWeights(weights) });
    expect(built({ ...others, "blocks.1.ff.bias": floats([3]) })).toThrow("blocks.1.ff.bias is [3], not [4]");
    expect(built({ ...tensors, "blocks.0.attn.weight": floats([4, 3]) })).toThrow("is [4,3], not [4,4]");
    const g = newGraph();
    g.output("y", g.relu(g.input("x", [size("N"), 4])));
    await expect(runGraph(g, { x: floats([2, 3]) })).rejects.toMatchObject({ code: "SKIPSTEP_INPUT_SHAPE" });
  });
});

it("safetensors are read as they were written", () => {
  const path = join(folder, "some.safetensors");
  const some = {
    half: { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
    ids: { dtype: "int64", shape: [1, 2], data: BigInt64Array.of(1n, -2n) },
    mask: { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) },
  } as const;
  writeFileSync(path, safetensors(some));
  expect(Object.fromEntries(readSafetensors(path))).toEqual(some);
  expectSame("half as floats", memoryWeights(some).readFloat32("half"), [1, -2]);
  expect(() => expectSame("numbers", [1, 2, 3], [1, 5, 4])).toThrow("numbers: 2 of 3 differ, the first at 1: 2, not 5");
});
