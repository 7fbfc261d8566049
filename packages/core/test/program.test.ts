import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { compile } from "../src/compiler/compile";
import { planGraph, type RegionClaim } from "../src/compiler/plan";
import { Turns } from "../src/memory/component";
import type { Residency } from "../src/memory/residency";
import { type Around, Program } from "../src/program/program";
import { add, relativeL1 } from "../src/runtime/math";
import { Runtime, type Session } from "../src/runtime/runtime";
import { type Floats, floats } from "../src/tensor";
import { blockGraph, blockModel, outWidth, width } from "./block-model";
import { wave } from "./memory-weights";

const layers = 3;
const claims: RegionClaim[] = ["first", "middle", "last"].map(claimOf);
const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-program-"));
let runtime: Runtime;
let program: Program;

function claimOf(name: string, index: number): RegionClaim {
  return { plugin: "watcher", order: 0, region: { name, index, from: `layers.${index}`, to: `layers.${index}` } };
}

async function open(residency?: Residency, asked = claims): Promise<Program> {
  const graph = blockGraph(asked.length);
  const plan = planGraph(graph, asked);
  const about = { component: "transformer", className: "BlockModel", source: "/models/blocks", plugins: [] };
  const compiled = await compile({ graph, plan, identity: "1", cacheDir, ...about });
  return Program.open(runtime, graph, plan, compiled, residency);
}

beforeAll(async () => {
  runtime = await Runtime.start({ provider: "cpu", threads: 1 });
  program = await open();
});
afterAll(async () => {
  await runtime.close();
  rmSync(cacheDir, { recursive: true });
});

async function run(x: Floats, around?: Around, signal?: AbortSignal): Promise<Floats> {
  return runtime.pass(async () => {
    const { sample } = await program.run({ x: runtime.upload(x) }, { around, signal });
    return (await sample!.read()) as Floats;
  });
}

function expectClose(found: Floats, expected: Floats): void {
  expect(found.shape).toEqual(expected.shape);
  expect(found.data.every((value, i) => Math.abs(value - expected.data[i]!) < 1e-4)).toBe(true);
}

/** Segments that a run reached in ONNX Runtime. */
async function reached(body: () => Promise<unknown>): Promise<number[]> {
  const before = [...program.seconds];
  await body();
  await runtime.upload(floats([1])).read(); // whatever was started before is done
  return program.seconds.flatMap((seconds, index) => (seconds > before[index]! ? [index] : []));
}

const x = wave([2, 5, width], 9);
const compute: Around = async (_claim, inputs, next) => (await next(inputs)).outputs;

describe("a program", () => {
  it("runs for any sizes in turn", async () => {
    for (const [batch, tokens] of [
      [2, 5],
      [1, 7],
      [2, 5],
    ] as const) {
      const input = wave([batch, tokens, width], batch * tokens);
      expectClose(await run(input), blockModel(layers, input));
    }
  });

  it("remembers few of many sizes, and runs for all", async () => {
    for (let tokens = 1; tokens <= 20; tokens++)
      expect((await run(wave([1, tokens, width], tokens))).shape).toEqual([1, tokens, outWidth]);
  });

  it("refuses inputs of another shape, also after it ran", async () => {
    await run(x);
    await expect(run(wave([2, 5, width + 1], 1))).rejects.toMatchObject({ code: "SKIPSTEP_INPUT_SHAPE" });
  });

  it("skips a region that a plugin answers for", async () => {
    const skipsMiddle: Around = async (claim, inputs, next) =>
      claim.region.name === "middle" ? inputs : (await next(inputs)).outputs;
    expect(await reached(() => run(x, skipsMiddle))).toEqual([0, 1, 3, 4]);
    expect(await reached(() => run(x))).toEqual([0, 1, 2, 3, 4]);
  });

  it("tells the seconds of a region once it is computed", async () => {
    const before = program.seconds[2]!;
    let seconds = Promise.resolve(0);
    await run(x, async (claim, inputs, next) => {
      const inside = await next(inputs);
      if (claim.region.name === "middle") seconds = inside.seconds();
      return inside.outputs;
    });
    expect(await seconds).toBeCloseTo(program.seconds[2]! - before, 10);
    expect(await seconds).toBeGreaterThan(0);
  });

  it("stops within one segment when it is cancelled", async () => {
    const abort = new AbortController();
    const cancelled = (): Promise<void> =>
      expect(
        run(
          x,
          async (claim, inputs, next, work) => {
            if (claim.region.name === "middle") abort.abort(new Error("enough"));
            return compute(claim, inputs, next, work);
          },
          abort.signal,
        ),
      ).rejects.toMatchObject({ code: "SKIPSTEP_CANCELLED" });
    expect(await reached(cancelled)).toEqual([0, 1]);
  });

  it("hands the runtime two segments at most, so that the last ones of many need not be waited for", async () => {
    const abort = new AbortController();
    let answered = 0;
    const counting: Around = async (_claim, inputs, next) => {
      const inside = await next(inputs);
      void inside.seconds().then(() => answered++);
      return inside.outputs;
    };
    await runtime.pass(async () => {
      await program.run({ x: runtime.upload(x) }, { around: counting, signal: abort.signal });
      expect(answered).toBeGreaterThan(0);
      expect(answered).toBeLessThan(layers);
    });
  });

  it("lets segments hold on to the memory of their activations only where they are few", async () => {
    const opened = vi.spyOn(runtime, "open");
    const arenasOf = async (blocks: number): Promise<unknown[]> => {
      opened.mockClear();
      await (
        await open(
          undefined,
          Array.from({ length: blocks }, (_, i) => claimOf(`block ${i}`, i)),
        )
      ).close();
      return opened.mock.calls.map(([, settings]) => settings?.arena);
    };
    expect(await arenasOf(6)).toEqual(new Array(8).fill(true)); // with what lies before and behind the blocks
    expect(await arenasOf(7)).toEqual(new Array(9).fill(false));
    opened.mockRestore();
  });
});

describe("sequential memory", () => {
  it("leaves no session open, also where a run is cancelled while one opens", async () => {
    const sequential = await open({ mode: "sequential", turns: new Turns(), devices: [] });
    const abort = new AbortController();
    const opened: Session[] = [];
    const opening = vi.spyOn(runtime, "open").mockImplementation(async (path, settings) => {
      const session = await Runtime.prototype.open.call(runtime, path, settings);
      if (opened.push(session) === 2) abort.abort();
      return session;
    });
    const { signal } = abort;
    const cancelled = runtime.pass(() => sequential.run({ x: runtime.upload(x) }, { signal }));
    await expect(cancelled).rejects.toMatchObject({ code: "SKIPSTEP_CANCELLED" });
    opening.mockRestore();
    expect(opened).toHaveLength(2);
    for (const session of opened)
      await expect(session.run({})).rejects.toMatchObject({ code: "SKIPSTEP_SESSION_CLOSED" });
  });
});

describe("a segment that fails", () => {
  const failed = {
    code: "SKIPSTEP_RUN_FAILED",
    message: expect.stringContaining("segment-1.onnx failed while it ran"),
  };

  /** Gives the first region an input that does not fit. */
  const misfit: Around = async (claim, inputs, next, work) =>
    compute(claim, claim.region.name === "first" ? { hidden: runtime.upload(floats([2, 5, 3])) } : inputs, next, work);

  it("is what the output's reader gets", async () => {
    await expect(run(x, misfit)).rejects.toMatchObject(failed);
    expectClose(await run(x), blockModel(layers, x)); // and the next run works
  });

  it("is what tensor math on its outputs throws, directly or later", async () => {
    const found: unknown[] = [];
    const attempt = run(x, async (claim, inputs, next, work) => {
      const outputs = await misfit(claim, inputs, next, work);
      if (claim.region.name === "first") {
        const sum = await add(outputs.hidden!, inputs.hidden!);
        found.push(await relativeL1(sum, inputs.hidden!).catch((error: unknown) => error));
        found.push(await sum.read().catch((error: unknown) => error));
      }
      return outputs;
    });
    await expect(attempt).rejects.toMatchObject(failed);
    expect(found).toMatchObject([failed, failed]);
  });

  it("is one whose output has another shape than the graph says", async () => {
    const shorter: Around = async (claim, inputs, next, work) =>
      compute(
        claim,
        claim.region.name === "last" ? { hidden: runtime.upload(floats([2, 4, width])) } : inputs,
        next,
        work,
      );
    await expect(run(x, shorter)).rejects.toThrow(
      /segment-3\.onnx .* became \[2, 4, 64\]; its graph says \[2, 5, 64\]/,
    );
  });
});
