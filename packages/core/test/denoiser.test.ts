import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { compile } from "../src/compiler/compile";
import { planGraph } from "../src/compiler/plan";
import { noHooks } from "../src/graph/build-hooks";
import { size } from "../src/graph/dim";
import { Graph } from "../src/graph/graph";
import { branchLatents, Denoiser, forRows, partsOf } from "../src/loop/denoiser";
import type { Branch } from "../src/loop/family";
import { stack } from "../src/loop/guidance";
import { Program } from "../src/program/program";
import { Runtime } from "../src/runtime/runtime";
import { type Floats, floats } from "../src/tensor";
import { memoryWeights } from "./memory-weights";

const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-denoiser-"));
let runtime: Runtime;
let denoiser: Denoiser;

/** `latents * prompt + timestep`, one number a row. */
beforeAll(async () => {
  const g = Graph.create("transformer", memoryWeights({}), noHooks);
  const [latents, prompt, timestep] = ["latents", "prompt", "timestep"].map((name) => g.input(name, [size("B")]));
  g.output("sample", g.add(g.mul(latents!, prompt!), timestep!));
  runtime = await Runtime.start({ provider: "cpu", threads: 1 });
  const plan = planGraph(g, []);
  const about = { component: "transformer", className: "Toy", source: "/models/toy", plugins: [] };
  const compiled = await compile({ graph: g, plan, identity: "1", cacheDir, ...about });
  const transformer = await Program.open(runtime, g, plan, compiled);
  denoiser = new Denoiser({ runtime, programs: { transformer } }, "transformer");
});
afterAll(async () => {
  await runtime.close();
  rmSync(cacheDir, { recursive: true });
});

const row = (...values: number[]): Floats => floats([values.length], Float32Array.from(values));

it("gives each branch its part, and makes and keeps what stays the same once a generation", async () => {
  const made: string[] = [];
  const generate = (positive: number): Promise<number[][]> =>
    runtime.generation(async () => {
      const encoded = { warnings: [] };
      const pass = (branch: Branch, timestep: number): Promise<number[]> =>
        runtime.pass(async () => {
          const latents = branchLatents(branch, row(1, 2));
          const prompt = (): Floats => stack(partsOf(branch, row(positive, positive), row(-1, -1)));
          const constants = {
            [branch]: () => {
              made.push(branch);
              return { prompt: prompt() };
            },
          };
          const step = { latents, timestep: forRows(latents.shape[0]!, timestep) };
          return [...(await denoiser.run(encoded, { step, constants }, {})).data];
        });
      const results = [
        await pass("batch", 100),
        await pass("batch", 200),
        await pass("cond", 0),
        await pass("uncond", 0),
      ];
      expect(runtime.keptBytes).toBe(4 * (4 + 2 + 2));
      return results;
    });
  expect(await generate(10)).toEqual([
    [110, 120, 99, 98],
    [210, 220, 199, 198],
    [10, 20],
    [-1, -2],
  ]);
  expect(made).toEqual(["batch", "cond", "uncond"]);
  expect(runtime.keptBytes).toBe(0);
  expect((await generate(5))[0]).toEqual([105, 110, 99, 98]);
  expect(made).toHaveLength(6);
});
