import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { type ConfigInput, createPipeline, type GenerateRequest, type GenerateResult } from "../src/index";
import {
  add,
  type Generation,
  type GuidanceCall,
  type Guided,
  type PluginClass,
  type Run,
  type Step,
  upload,
} from "../src/plugin";
import type { Plugin } from "../src/plugins/plugin";
import { type Floats, floats } from "../src/tensor";
import { pluginWith } from "./hook-recorder";

const model = join(import.meta.dirname, "../../contract/models/z-image");
const generate = { prompt: "a cat", num_inference_steps: 4, guidance_scale: 2, height: 32, width: 48, seed: 3 };

async function generated(
  plugins: readonly PluginClass[],
  config: Pick<ConfigInput, "guidance"> = {},
  request: GenerateRequest = {},
): Promise<GenerateResult> {
  const pipeline = await createPipeline({ model, plugins, generate, ...config }, { cacheDir, threads: 1 });
  try {
    return await pipeline.generate(request);
  } finally {
    await pipeline.close();
  }
}

/** A plugin that asks for no regions. */
const made = (name: string, hooks: () => Plugin): PluginClass => pluginWith(name, hooks, { regions: () => [] });

async function failure(hooks: () => Plugin): Promise<string> {
  const error = (await generated([made("bad", hooks)]).catch((thrown: unknown) => thrown)) as {
    code?: string;
    message: string;
  };
  return `${error.code} ${error.message}`;
}

const scaled = ({ shape, data }: Floats, factor: number): Floats =>
  floats(
    shape,
    data.map((x) => factor * x),
  );

describe("a step", () => {
  it("tells what is drawn, how strongly it is guided, and by which runs", async () => {
    const steps: Step[] = [];
    const seen = made("sees", () => ({ beforeStep: (step) => void steps.push(step) }));
    await generated([seen], { guidance: "separate" }, { prompt: ["a cat", "a dog"], cfg_truncation: 0.4 });
    expect(new Set(steps.map(({ run }) => run.generation)).size).toBe(1);
    const { runs, scheduler, mu } = steps[0]!.run.generation;
    expect(scheduler).toMatchObject({ type: "FlowMatchEulerDiscreteScheduler", options: { shift: expect.anything() } });
    expect(mu === undefined || Number.isFinite(mu)).toBe(true);
    for (const step of steps) {
      expect(step).toMatchObject({ prompts: ["a cat", "a dog"], height: 32, width: 48, count: 4 });
      expect(runs[step.run.branch]).toBe(step.run);
    }
    const scales = steps.map(({ index, run, guidanceScale }) => [index, run.branch, guidanceScale]);
    expect(scales.slice(0, 2)).toEqual([
      [0, "cond", 2],
      [0, "uncond", 2],
    ]);
    expect(scales.at(-1)).toEqual([3, "cond", 0]); // its guidance ends in the middle
    expect(() => Object.assign(steps[0]!.prompts, ["x"])).toThrow(TypeError);
  });
});

describe("guidance", () => {
  it.each(["batch", "separate"] as const)("leaves branches out in %s, which the report counts", async (guidance) => {
    const runs = new Set<Run>();
    const half = made("half", () => ({
      guidance: ({ step }, branches, next) => {
        runs.add(step.run);
        return next(step.index < 2 ? branches : ["cond"]);
      },
    }));
    const { report } = await generated([half], { guidance });
    const [plugin] = report.plugins;
    expect(plugin!.guidance).toEqual({ guided: [0, 1], unguided: [2, 3], passes: 8, savedPasses: 2 });
    // A quarter of the passes; what the timestep and the prompt decide runs once with and without them.
    expect(plugin!.compute!.skippedShare).toBeGreaterThan(0.235);
    expect(plugin!.compute!.skippedShare).toBeLessThan(0.25);
    expect(plugin!.summary).toMatch(
      /^guided 2 of 4 steps, 6 of 8 passes, saved -?\d+% of denoiser time \(24% of FLOPs/,
    );
    expect([...runs].map(({ branch }) => branch)).toEqual([guidance === "batch" ? "batch" : "cond"]);
  });

  it("gives what the family gives by combine, and what a plugin makes of both", async () => {
    const plain = (await generated([])).latents.data;
    const again = made("again", () => ({
      async guidance({ combine, base }, branches, next): Promise<Guided> {
        const { cond, uncond } = await next(branches);
        expect(base).toBe("cond");
        return combine(cond!, uncond!);
      },
    }));
    const result = await generated([again]);
    expect(result.latents.data).toEqual(plain);
    expect(result.report.plugins[0]!.summary).toBe("changed 4 steps");
    const unscaled = made("unscaled", () => ({
      async guidance({ combine }, branches, next): Promise<Guided> {
        const { cond, uncond } = await next(branches);
        return combine(cond!, uncond!, 0);
      },
    }));
    expect((await generated([unscaled])).latents.data).toEqual(
      (await generated([], {}, { guidance_scale: 0 })).latents.data,
    );
  });

  it("is what an outer plugin leaves of it", async () => {
    const offered: (readonly string[])[] = [];
    const outer = made("outer", () => ({ guidance: (_call, _branches, next) => next(["cond"]) }));
    const inner = made("inner", () => ({
      guidance: (_call, branches, next) => {
        offered.push(branches);
        return next(branches);
      },
    }));
    const { report } = await generated([outer, inner]);
    expect(offered).toEqual([["cond"], ["cond"], ["cond"], ["cond"]]);
    expect(report.plugins.map(({ guidance }) => [guidance!.passes, guidance!.savedPasses])).toEqual([
      [8, 4],
      [4, 0],
    ]);
  });

  it("is not called where nothing is guided", async () => {
    const never = made("never", () => ({ guidance: () => Promise.reject(new Error("called")) }));
    await expect(generated([never], {}, { guidance_scale: 0 })).resolves.toHaveProperty(
      "report.plugins.0.effect",
      false,
    );
  });

  it.each<[string, (call: GuidanceCall) => unknown, RegExp]>([
    ["nothing", () => undefined, /gave nothing in guidance as "prediction"\. Give float32 \[1, /],
    [
      "another shape",
      ({ step }) => ({ prediction: floats([1, 2], step.latents.data.slice(0, 2)) }),
      /gave float32 \[1, 2\] of 2/,
    ],
    ["a list", ({ step }) => ({ prediction: step.latents, cond: [...step.latents.data] }), /as "cond"/],
  ])("refuses %s", async (_, result, said) => {
    expect(await failure(() => ({ guidance: async (call) => result(call) as Guided }))).toMatch(
      new RegExp(`^SKIPSTEP_HOOK_RESULT Plugin "bad" .*${said.source}`),
    );
  });

  it.each([[[]], [["batch"]], ["cond"]])("refuses next(%j)", async (asked) => {
    const error = await failure(() => ({ guidance: (_call, _branches, next) => next(asked as never) }));
    expect(error).toMatch(
      /^SKIPSTEP_HOOK_RESULT Plugin "bad" called next\(.*\) in guidance\. Ask for one or more of: /,
    );
  });
});

describe("predict", () => {
  it("gives the same predictions in one batch and in two", async () => {
    const seen: Record<string, Floats>[] = [];
    const sees = (guidance: "batch" | "separate") =>
      generated(
        [
          made("sees", () => ({
            async predict({ step, branches }, input, next) {
              const predictions = await next(input);
              expect(Object.keys(predictions)).toEqual(branches);
              expect(input.shape).toEqual(step.latents.shape);
              seen.push({ ...seen.pop(), ...predictions } as Record<string, Floats>);
              return predictions;
            },
          })),
        ],
        { guidance },
        { num_inference_steps: 1 },
      );
    seen.push({});
    const { report } = await sees("batch");
    expect(report.plugins[0]!.regions).toMatchObject([{ name: "predictions", from: "", computed: [0], reused: [] }]);
    seen.push({});
    await sees("separate");
    const [joint, apart] = seen as [Record<string, Floats>, Record<string, Floats>];
    for (const branch of ["cond", "uncond"]) {
      expect(joint[branch]!.shape).toEqual(apart[branch]!.shape);
      for (const [i, x] of joint[branch]!.data.entries()) expect(x).toBeCloseTo(apart[branch]!.data[i]!, 4);
    }
  });

  it("skips a pass, for which the report has its work; one branch may decide for both", async () => {
    const skipping = (): Plugin => {
      const last = new WeakMap<Generation, Record<string, Floats>>();
      return {
        async predict({ step, branches, record }, input, next) {
          const known = last.get(step.run.generation) ?? {};
          record({ known: Object.keys(known).length });
          if (step.index % 2 === 1) return known;
          const predictions = await next(input);
          last.set(step.run.generation, { ...known, ...(predictions as Record<string, Floats>) });
          expect(branches.length).toBe(Object.keys(predictions).length);
          return predictions;
        },
      };
    };
    const results = [];
    for (const guidance of ["batch", "separate"] as const) {
      const { report, latents } = await generated([made("skipping", skipping)], { guidance });
      const [plugin] = report.plugins;
      const times = guidance === "batch" ? 1 : 2;
      const twice = (steps: number[]) => steps.flatMap((step) => new Array<number>(times).fill(step));
      expect(plugin!.regions).toMatchObject([{ computed: twice([0, 2]), reused: twice([1, 3]) }]);
      expect(plugin!.regions[0]!.numbers.known).toMatchObject({ 1: 2 });
      expect(plugin!.compute!.skippedShare).toBeCloseTo(1 / 2, 1);
      expect(plugin!.regions[0]!.skippedFlops / plugin!.regions[0]!.flops).toBeCloseTo(1 / 2, 1);
      expect(plugin!.summary).toMatch(/^reused 2 of 4 steps, saved -?\d+% of denoiser time \(\d+% of FLOPs skipped/);
      results.push(latents.data);
    }
    for (const [i, x] of results[0]!.entries()) expect(x).toBeCloseTo(results[1]![i]!, 3);
  });

  it("may change what the model sees and predicts", async () => {
    const changes = made("changes", () => ({
      async predict(_call, input, next) {
        const { cond } = await next(scaled(input, 0));
        return { cond: scaled(cond!, 0) };
      },
    }));
    const unguided = { guidance_scale: 0, num_inference_steps: 1 };
    const { latents, report } = await generated([changes], {}, unguided);
    const start: Floats[] = [];
    await generated(
      [made("sees", () => ({ beforeStep: ({ latents: before }) => void start.push(before) }))],
      {},
      unguided,
    );
    expect(latents.data).toEqual(start[0]!.data); // nothing was predicted
    expect(report.plugins[0]!.summary).toBe("changed 1 steps");
  });

  it.each<[string, () => Plugin, RegExp]>([
    [
      "a branch less",
      () => ({ predict: async (_call, input) => ({ cond: input }) }),
      /RESULT .*gave nothing in predict as the prediction of "uncond"/,
    ],
    [
      "numbers",
      () => ({ predict: (_call, input, next) => next(input.data as never) }),
      /RESULT .*as what next\(\) is called with/,
    ],
    [
      "a second call",
      () => ({ predict: async (_call, input, next) => (await next(input)) && next(input) }),
      /FAILED .*called next\(\) twice in predict\./,
    ],
    [
      "writing",
      () => ({ predict: (_call, input, next) => next(floats(input.shape, input.data.fill(0, 0, 1))) }),
      /WRITTEN .*wrote into input in predict/,
    ],
  ])("refuses %s", async (_, hooks, said) => {
    expect(await failure(hooks)).toMatch(said);
  });
});

describe("afterStep", () => {
  it("replaces latents, one plugin after the other", async () => {
    const seen: Floats[] = [];
    const doubles = made("doubles", () => ({ afterStep: (_step, latents) => scaled(latents, 2) }));
    const looks = made("looks", () => ({ afterStep: (_step, latents) => void seen.push(latents) as undefined }));
    const { latents, report } = await generated([looks, doubles, looks2()], {}, { num_inference_steps: 1 });
    function looks2(): PluginClass {
      return made("looks-again", () => ({ afterStep: (_step, after) => void seen.push(after) as undefined }));
    }
    expect(seen[1]!.data).toEqual(seen[0]!.data.map((x) => 2 * x));
    expect(latents.data).toEqual(seen[1]!.data);
    expect(report.plugins.map(({ summary }) => summary)).toEqual([
      "watched 1 of 1 steps",
      "changed 1 steps",
      "watched 1 of 1 steps",
    ]);
  });

  it.each<[string, () => Plugin, RegExp]>([
    [
      "another shape",
      () => ({ afterStep: () => floats([1]) }),
      /RESULT .*gave float32 \[1\] of 1 elements in afterStep as latents/,
    ],
    [
      "writing",
      () => ({ afterStep: (_step, latents) => void latents.data.fill(0) as undefined }),
      /WRITTEN .*wrote into latents in afterStep/,
    ],
  ])("refuses %s", async (_, hooks, said) => {
    expect(await failure(hooks)).toMatch(said);
  });
});

describe("upload", () => {
  it("brings numbers into a pass", async () => {
    const adds = pluginWith("adds", () => ({
      async blockForward(_call, { hidden }, next) {
        const { shape } = hidden!;
        const zeros = upload(floats(shape, new Float32Array(hidden!.byteLength / 4)));
        return next({ hidden: await add(hidden!, zeros) });
      },
    }));
    expect((await generated([adds])).latents.data).toEqual((await generated([])).latents.data);
  });

  it("says so where no generation runs", () => {
    expect(() => upload(floats([1]))).toThrow(expect.objectContaining({ code: "SKIPSTEP_UPLOAD_OUTSIDE" }));
  });
});
