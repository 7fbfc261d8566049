import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { compile } from "../src/compiler/compile";
import { planGraph } from "../src/compiler/plan";
import { noHooks } from "../src/graph/build-hooks";
import { size } from "../src/graph/dim";
import { Graph } from "../src/graph/graph";
import { linear } from "../src/graph/layers";
import type { Value } from "../src/graph/value";
import { Denoiser, forRows } from "../src/loop/denoiser";
import type { Conditioning, LateTimesteps, Timetable } from "../src/loop/family";
import { Turns } from "../src/memory/component";
import type { MemoryMode } from "../src/memory/memory-mode";
import { Program } from "../src/program/program";
import { TimeValues } from "../src/program/time-values";
import { WorkMeter } from "../src/program/work-meter";
import { Runtime, type Session } from "../src/runtime/runtime";
import { type Floats, integers, type Tensor } from "../src/tensor";
import { memoryWeights, wave } from "./memory-weights";

/** A modulation of 1536 x 3072 weights, 18 MiB: so many are let go of. */
const large = 1536;
const small = 8;

const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-time-"));
let runtime: Runtime;
const opened: { readonly path: string; open: boolean }[] = [];

beforeAll(async () => {
  runtime = await Runtime.start({ provider: "cpu", threads: 1 });
  const open = runtime.open.bind(runtime);
  vi.spyOn(runtime, "open").mockImplementation(async (path, settings) => {
    const session = await open(path, settings);
    const entry = { path, open: true };
    opened.push(entry);
    const close = session.close.bind(session);
    return Object.assign(session, {
      close: () => {
        entry.open = false;
        return close();
      },
    } satisfies Partial<Session>);
  });
});
beforeEach(() => {
  opened.length = 0;
});
afterAll(async () => {
  await runtime.close();
  rmSync(cacheDir, { recursive: true });
});

const known = new Map<number, Readonly<Record<string, Floats>>>();

function weightsOf(width: number): Readonly<Record<string, Floats>> {
  const weights = known.get(width) ?? {
    "classes.weight": wave([3, width], 1),
    "modulation.weight": wave([2 * width, width], 2),
  };
  known.set(width, weights);
  return weights;
}

type Mix = (g: Graph, value: Value) => Value;

/** `x (1 + scale) + shift`, both made of timestep and class. @param mix what happens to the condition first */
async function openToy(width: number, memory?: MemoryMode, mix: Mix = (_, value) => value) {
  const weights = weightsOf(width);
  const g = Graph.create("transformer", memoryWeights(weights), noHooks);
  const batch = size("B");
  const [x, timestep] = [g.input("x", [batch, width]), g.timeInput("timestep", [batch])];
  const classes = g.gather(g.weight("classes.weight", [3, width]), g.steadyInput("labels", [batch], "int64"), 0);
  const condition = mix(g, g.add(g.sin(g.mul(g.unsqueeze(timestep, 1), g.constant(0.01))), classes));
  const [shift, scale] = g.chunk(linear(g, "modulation", condition, 2 * width, { bias: false }), 2, 1);
  g.output("sample", g.add(g.mul(x, g.onePlus(scale!)), shift!));
  const plan = planGraph(g, []);
  const about = { component: "transformer", className: "Toy", source: "/models/toy", plugins: [] };
  const compiled = await compile({ graph: g, plan, identity: String(width), cacheDir, ...about });
  const residency = memory && { mode: memory, turns: new Turns(), devices: [] };
  const program = await Program.open(runtime, g, plan, compiled, residency);
  return {
    width,
    program,
    plan,
    denoiser: new Denoiser({ runtime, programs: { transformer: program } }, "transformer"),
  };
}

/** Rows depend on one another, as with one scale of 8 bits for all of them. */
const meanOfRows =
  (width: number): Mix =>
  (g, value) =>
    g.add(value, g.node("ReduceMean", [value, g.constant([0], undefined, "int64")], [1, width]));

type Toy = Awaited<ReturnType<typeof openToy>>;

interface Pass {
  readonly timestep: number;
  readonly labels: readonly number[];
}

/** One generation. @param coming what is told of later passes; all of them when left out */
function generate(toy: Toy, passes: readonly Pass[], coming?: (pass: number) => readonly number[] | undefined) {
  const { width, denoiser } = toy;
  const meter = new WorkMeter();
  const late: LateTimesteps = new Map();
  const encoded: Conditioning = { warnings: [] };
  return runtime.generation(async () => {
    const outputs: Floats[] = [];
    const held: boolean[] = [];
    for (const [i, { timestep, labels }] of passes.entries()) {
      const rest = coming ? coming(i) : passes.slice(i).map((pass) => pass.timestep);
      const timetable: Timetable = { coming: rest, late };
      const sample = await runtime.pass(() =>
        denoiser.run(
          encoded,
          {
            step: { x: wave([labels.length, width], 7) },
            time: { timestep, at: (t) => ({ timestep: forRows(labels.length, t) }) },
            constants: { [labels.join()]: () => ({ labels: integers([labels.length], labels) }) },
          },
          { meter, timetable },
        ),
      );
      outputs.push(sample);
      held.push(opened.some(({ path, open }) => open && path.includes("segment-0")));
    }
    const flops = 4 * width * width; // of a row of the modulation, which is all that multiplies matrices
    return { outputs, held, rows: meter.flops / flops, late: [...late.keys()], kept: runtime.keptBytes };
  });
}

const steps = (timesteps: readonly number[], labels: readonly number[]): Pass[] =>
  timesteps.map((timestep) => ({ timestep, labels }));
const perPass = (): undefined => undefined;

/** Products of other heights may be summed in another order. */
function expectNear(found: readonly Floats[], expected: readonly Floats[]): void {
  expect(found.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  for (const [i, { data }] of found.entries())
    for (const [at, value] of data.entries()) expect(Math.abs(value - expected[i]!.data[at]!)).toBeLessThan(1e-5);
}

describe("values that the timestep decides", () => {
  let toy: Toy;
  beforeAll(async () => {
    toy = await openToy(small);
  });

  it("are those of each pass by itself, and equal rows are computed once", async () => {
    const passes = steps([900, 600, 300, 0], [1, 2]);
    const ahead = await generate(toy, passes);
    const alone = await generate(toy, passes, perPass);
    expectNear(ahead.outputs, alone.outputs);
    expect([ahead.rows, alone.rows]).toEqual([8, 8]);
    expect([ahead.late, alone.late]).toEqual([[], ["transformer"]]);
    const same = await generate(toy, steps([900, 600, 300, 0], [1, 1, 1]));
    expect(same.rows).toBe(4);
    expectNear(same.outputs, (await generate(toy, steps([900, 600, 300, 0], [1, 1, 1]), perPass)).outputs);
    expect(new Set(ahead.outputs.map(({ data }) => String(data))).size).toBe(4);
  });

  it("are computed once for calls at one timestep, as of second-order schedulers", async () => {
    const passes = steps([900, 600, 600, 300, 300], [0, 2]);
    const ahead = await generate(toy, passes);
    expect(ahead.rows).toBe(6);
    expectNear(ahead.outputs, (await generate(toy, passes, perPass)).outputs);
  });

  it("are of all guidance branches where one pass has both, and of each that comes alone", async () => {
    const [joint, cond, uncond] = [[1, 0], [1], [0]];
    const passes = [
      { timestep: 900, labels: joint },
      { timestep: 600, labels: cond },
      { timestep: 300, labels: uncond },
      { timestep: 0, labels: joint },
    ];
    const ahead = await generate(toy, passes);
    expect(ahead.rows).toBe(8);
    expectNear(ahead.outputs, (await generate(toy, passes, perPass)).outputs);
    const apart = steps([900, 600], cond).flatMap((pass) => [pass, { ...pass, labels: uncond }]);
    const separate = await generate(toy, apart);
    expect(separate.rows).toBe(4);
    expectNear(separate.outputs, (await generate(toy, apart, perPass)).outputs);
    const later = [...steps([900], cond), ...steps([600, 300], joint)]; // guidance that begins in the middle
    const begun = await generate(toy, later);
    expect(begun.rows).toBe(3 + 4);
    expectNear(begun.outputs, (await generate(toy, later, perPass)).outputs);
  });

  it("belong to one generation: two at once have schedules of their own", async () => {
    const [first, second] = [steps([900, 600, 300], [1, 2]), steps([850, 600, 100], [2, 1])];
    const inside = await runtime.generation(() => Promise.all([generate(toy, first), generate(toy, second)]));
    expectNear(inside[0]!.outputs, (await generate(toy, first)).outputs);
    expectNear(inside[1]!.outputs, (await generate(toy, second)).outputs);
    expect(inside.map(({ rows }) => rows)).toEqual([6, 6]);
    expect(runtime.keptBytes).toBe(0);
  });

  it("are computed with their passes from the first one on that was not foretold", async () => {
    const passes = steps([900, 600, 300, 0], [1, 2]);
    const told = [900, 500, 300, 0];
    const changed = await generate(toy, passes, (i) => told.slice(i));
    expectNear(changed.outputs, (await generate(toy, passes, perPass)).outputs);
    expect(changed.late).toEqual(["transformer"]);
    expect(changed.rows).toBe(8 + 3 * 2);
  });

  it("are computed for each pass apart where its rows are not", async () => {
    const mixed = await openToy(small, undefined, meanOfRows(small));
    expect(mixed.plan.time).toMatchObject({ areRowsApart: false });
    const passes = [...steps([900, 600], [1, 2]), ...steps([300], [1]), ...steps([0], [1, 2])];
    const ahead = await generate(mixed, passes);
    expectNear(ahead.outputs, (await generate(mixed, passes, perPass)).outputs);
    expect(ahead.late).toEqual([]);
    expect(ahead.rows).toBe(4 * 2 + 2 * 1);
    await mixed.program.close();
  });

  it("come a few passes at a time where they take more memory than their weights", async () => {
    const { program, width } = toy;
    const row = 2 * width * 4; // bytes, twice in a pass
    const at = (timestep: number) => ({ timestep: forRows(2, timestep) });
    const values = new TimeValues(5 * row);
    const meter = new WorkMeter();
    const timesteps = [900, 600, 300, 0, 100];
    await runtime.generation(async () => {
      const labels = runtime.upload(integers([2], [1, 2]), { keep: true });
      const before = runtime.keptBytes;
      for (const [i, timestep] of timesteps.entries()) {
        const coming = timesteps.slice(i);
        const time = { values, timestep, coming, inputsAt: at, upload: (tensor: Tensor) => runtime.upload(tensor) };
        const { x, alone } = { x: wave([2, width], 7), alone: generate(toy, steps([timestep], [1, 2]), perPass) };
        const found = await runtime.pass(async () => {
          const inputs = { x: runtime.upload(x), timestep: runtime.upload(at(timestep).timestep), labels };
          return (await program.run(inputs, { time, meter })).sample!.read();
        });
        expectNear([found as Floats], (await alone).outputs);
        expect(runtime.keptBytes - before).toBe(i < 4 ? 4 * row : 2 * row);
      }
    });
    expect(meter.flops / (4 * width * width)).toBe(10);
  });
});

describe("weights that only the timestep needs", () => {
  const passes = steps([900, 600, 300], [1, 2]);

  it("are held where they are small", async () => {
    const toy = await openToy(small);
    expect((await generate(toy, passes)).held).toEqual([true, true, true]);
    await toy.program.close();
  });

  it.each<MemoryMode | undefined>([undefined, "component", "sequential"])(
    "are in memory while they are computed with, of memory %s",
    async (memory) => {
      const toy = await openToy(large, memory);
      opened.length = 0;
      for (let i = 1; i <= 2; i++) {
        const { held, kept } = await generate(toy, passes);
        expect(held).toEqual([false, false, false]);
        expect(kept).toBe(6 * 2 * large * 4 + 2 * 8);
        expect(opened.filter(({ path }) => path.includes("segment-0"))).toHaveLength(i);
      }
      await toy.program.close();
      expect(opened.some(({ open }) => open)).toBe(false);
    },
  );

  it("are read once for all passes, also where these are computed one by one", async () => {
    const toy = await openToy(large, undefined, meanOfRows(large));
    opened.length = 0;
    const ahead = await generate(toy, passes);
    expect(ahead.held).toEqual([false, false, false]);
    expect(ahead.rows).toBe(3 * 2);
    expect(opened.filter(({ path }) => path.includes("segment-0"))).toHaveLength(1);
    await toy.program.close();
  });

  it("stay where timesteps are not told", async () => {
    const toy = await openToy(large);
    const alone = await generate(toy, passes, perPass);
    expect(alone.held).toEqual([true, true, true]);
    const ahead = await generate(toy, passes);
    for (const [i, { data: found }] of ahead.outputs.entries())
      for (const [at, value] of alone.outputs[i]!.data.entries())
        expect(Math.abs(found[at]! - value)).toBeLessThan(1e-4);
    expect(opened.filter(({ path }) => path.includes("segment-0"))).toHaveLength(1);
    await toy.program.close();
    expect(opened.some(({ open }) => open)).toBe(false);
  });
});
