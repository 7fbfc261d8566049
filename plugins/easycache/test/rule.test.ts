import { madeRun, madeStep } from "@skipstep/contract/graph";
import {
  type Floats,
  floats,
  type GuidanceBranch,
  type Predictions,
  type Run,
  type Step,
  type Structure,
} from "@skipstep/core/plugin";
import { describe, expect, it } from "vitest";
import { EasyCache, type EasyCacheOptions } from "../src/index";
import { isBetween } from "../src/noise-window";
import { URule } from "../src/u-rule";

const defaults: EasyCacheOptions = {
  rule: null,
  threshold: null,
  start: 0,
  end: 1,
  decay: 1,
  relative: true,
  reset: true,
};
const structure = (...features: Structure["features"]): Structure => ({
  className: "Toy",
  features,
  lists: [],
  blocks: [],
});

interface Seen {
  readonly computed: boolean;
  readonly values: Readonly<Record<string, number>>;
  readonly numbers: Readonly<Record<string, number>>;
}

/** A model of one number: the prompt's branch predicts `scale * x`, the other one 1 more. */
class Toy {
  readonly plugin: EasyCache;

  constructor(
    options: Partial<EasyCacheOptions>,
    private readonly scale = 0.8,
    of = structure("block-list"),
  ) {
    this.plugin = new EasyCache({ ...defaults, ...options }, of);
  }

  async call(run: Run, index: number, x: number, ...branches: GuidanceBranch[]): Promise<Seen> {
    const step = madeStep(run, index, { sigma: 0.5, timestep: 500 });
    let computed = false;
    let numbers = {};
    const next = async ({ shape, data }: Floats): Promise<Predictions> => {
      computed = true;
      const one = (more: number): Floats =>
        floats(
          shape,
          data.map((value) => this.scale * value + more),
        );
      return Object.fromEntries(branches.map((branch) => [branch, one(branch === "cond" ? 0 : 1)]));
    };
    const record = (more: object): void => {
      numbers = { ...numbers, ...more };
    };
    const predicted = await this.plugin.predict(
      { step, branches, record },
      floats([1, 1, 1, 1], Float32Array.of(x)),
      next,
    );
    const values = branches.map((branch) => [branch, Number(predicted[branch]!.data[0]!.toFixed(4))] as const);
    return { computed, values: Object.fromEntries(values), numbers };
  }

  /** Steps of a new generation in which the input goes from 10 down by 0.5. */
  async run(count: number, ...branches: GuidanceBranch[]): Promise<Seen[]> {
    const run = madeRun(count);
    const seen: Seen[] = [];
    for (let i = 0; i < count; i++) seen.push(await this.call(run, i, 10 - i / 2, ...branches));
    return seen;
  }
}

const mask = (seen: readonly Seen[]): string => seen.map(({ computed }) => (computed ? "C" : "R")).join("");

describe("the rule of EasyCache", () => {
  it("adds up the change since the last computed step, and adds what the prediction differed from its input by", async () => {
    const seen = await new Toy({ threshold: 0.2 }).run(8, "cond");
    expect(mask(seen)).toBe("CCRRCRRC");
    expect(seen.map(({ values }) => values.cond)).toEqual([8, 7.6, 7.1, 6.6, 6.4, 5.9, 5.4, 5.2]);
    const [first, second, third, fourth] = seen.map(({ numbers }) => numbers);
    expect(first).toEqual({});
    expect(second).toEqual({ input_change: 0.5, transformation_rate: expect.closeTo(0.8, 5) });
    expect(third).toMatchObject({ input_change: 0.5, rate: expect.closeTo(0.4 / 7.6, 5), threshold: 0.2 });
    expect(fourth!.accumulated).toBeCloseTo((0.4 + 0.8) / 7.6, 5);
  });

  it("decides for both branches in one batch by the prompt's, and each follows with its own", async () => {
    const seen = await new Toy({ threshold: 0.2 }).run(4, "cond", "uncond");
    expect(mask(seen)).toBe("CCRR");
    expect(seen.map(({ values }) => values.uncond)).toEqual([9, 8.6, 8.1, 7.6]);
  });

  it("lets a branch that runs by itself follow the prompt's, unless nothing is known of it then", async () => {
    const toy = new Toy({ threshold: 0.2 });
    const { runs } = madeRun(8).generation;
    const computed: string[] = [];
    for (let i = 0; i < 8; i++) {
      const cond = await toy.call(runs.cond, i, 10 - i / 2, "cond");
      // Another plugin leaves the negative prompt out at steps 4 and 5.
      const uncond = i === 4 || i === 5 ? undefined : await toy.call(runs.uncond, i, 10 - i / 2, "uncond");
      if (uncond) expect(uncond.numbers).toEqual({});
      computed.push(mask(uncond ? [cond, uncond] : [cond]));
    }
    expect(computed).toEqual(["CC", "CC", "RR", "RR", "C", "R", "RC", "CC"]);
  });

  it("computes both where one of a batch is not known", async () => {
    const toy = new Toy({ threshold: 0.2 });
    const { runs } = madeRun(4).generation;
    expect((await toy.call(runs.cond, 0, 10, "cond")).computed).toBe(true);
    expect((await toy.call(runs.cond, 1, 9.5, "cond")).computed).toBe(true);
    expect((await toy.call(runs.batch, 2, 9, "cond", "uncond")).computed).toBe(true);
    expect((await toy.call(runs.batch, 3, 8.5, "cond", "uncond")).computed).toBe(false);
  });

  it.each([
    ["breaks", Number.NaN],
    ["breaks", Number.POSITIVE_INFINITY],
    ["predicts nothing", 0],
  ])("computes a model that %s", async (_, scale) => {
    expect(mask(await new Toy({ threshold: 1e9 }, scale).run(5, "cond"))).toBe("CCCCC");
  });

  it("takes the threshold of the model's rule where none is given, and never reuses at 0", async () => {
    expect(mask(await new Toy({}).run(8, "cond"))).toBe("CCRRCRRC"); // 0.2
    expect((await new Toy({}, 0.8, structure("unet")).run(8, "cond"))[2]!.numbers.threshold).toBe(1);
    const off = await new Toy({ threshold: 0 }).run(4, "cond");
    expect(mask(off)).toBe("CCCC");
    expect(off[3]!.numbers).toEqual({});
  });
});

describe("the window of EasyCache", () => {
  const at = (facts: Partial<Step>, type: string, options: object, mu?: number): boolean => {
    const run = madeRun(1);
    Object.assign(run.generation, { scheduler: { type, options }, mu });
    return isBetween(madeStep(run, 0, facts), { start: 0.15, end: 0.95 });
  };
  const flow = "FlowMatchEulerDiscreteScheduler";

  it.each<[string, object, number | undefined, number, number]>([
    ["static shift of 3", { shift: 3 }, undefined, 0.138714947, 0.944506166],
    ["shift by the image's size", { shift: 3, use_dynamic_shifting: true }, 0.459375, 0.0783310718, 0.8998134045],
    ["size that is not asked for", { shift: 1, use_dynamic_shifting: false }, 0.459375, 0.05095, 0.85015],
  ])("of a flow with a %s", (_, options, mu, end, start) => {
    for (const [sigma, isActive] of [
      [start + 1e-6, false],
      [start - 1e-6, true],
      [end + 1e-6, true],
      [end - 1e-6, false],
    ] as const)
      expect(at({ sigma }, flow, options, mu), `${sigma}`).toBe(isActive);
  });

  it("of a flow by another solver, and by timesteps where there is none", () => {
    const solver = { use_flow_sigmas: true, flow_shift: 3, shift: 1 };
    expect(at({ sigma: 0.94 }, "DPMSolverMultistepScheduler", solver)).toBe(true);
    expect(at({ sigma: 0.95 }, "DPMSolverMultistepScheduler", solver)).toBe(false);
    for (const [timestep, isActive] of [
      [850, false],
      [849, true],
      [50, true],
      [49, false],
    ] as const)
      expect(at({ timestep, sigma: 5 }, "DDIMScheduler", {}), `${timestep}`).toBe(isActive);
  });

  it("of a U-Net by steps, in float32", () => {
    const active = (count: number, start: number, end: number): number[] => {
      const rule = new URule({ ...defaults, start, end }, 1, count);
      const run = madeRun(count);
      return Array.from({ length: count }, (_, i) => i).filter((i) => rule.isActive(madeStep(run, i)));
    };
    expect(active(20, 0.15, 0.95)).toEqual(Array.from({ length: 16 }, (_, i) => i + 3));
    expect(active(10, 0, 1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(active(100, 0.29, 0.3)).toEqual([29]); // 28.999... in float64
    expect(active(1, 0, 1)).toEqual([]);
  });
});
