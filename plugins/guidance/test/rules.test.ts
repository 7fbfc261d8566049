import { join } from "node:path";
import { validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { Guidance, type GuidanceOptions } from "../src/index";
import { type GivenSteps, guidedSteps } from "./guided-steps";

const ten: GivenSteps = { count: 10, cond: (i) => [i + 1, 2], uncond: () => [0.5, 1] };

/** Steps that asked for both branches. */
async function guided(options: Partial<GuidanceOptions>, given: GivenSteps = ten): Promise<number[]> {
  const seen = await guidedSteps(options, given);
  return seen.flatMap(({ asked }, i) => (asked.length === 2 ? [i] : []));
}

describe("when guidance is on", () => {
  it.each<[Partial<GuidanceOptions>, number[]]>([
    [{}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [{ start: 0.29, stop: 0.79 }, [2, 3, 4, 5, 6]],
    [{ start: 0.5, stop: 0.5 }, []],
    [{ enabled: false }, []],
    [{ guidance_scale: 1 }, []],
    [{ guidance_scale: 1, use_original_formulation: true }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [{ guidance_scale: 0, use_original_formulation: true }, []],
    [{ cfg_gate_step: 0.35 }, [0, 1, 2]],
    [{ cfg_gate_step: 0.05 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]], // nothing is remembered before step 0
    [{ cfg_gate_step: 0.2, cfg_gate_refresh: 3 }, [0, 1, 4, 7]],
    [{ cfg_gate_step: 0, cfg_gate_refresh: 4 }, [0, 4, 8]],
    [{ cfg_gate_step: 0.2, cfg_gate_refresh: 1 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [{ cfg_gate_step: 1, cfg_gate_refresh: 2 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [{ cfg_gate_mask: [1, 0, 0, 1, 1, 0, 1, 0, 1, 0] }, [0, 3, 4, 6, 8]],
    [{ cfg_gate_mask: [0, 0, 1, 0] }, [0, 2, 4, 5, 6, 7, 8, 9]], // nothing is remembered at first; steps behind it run both
    [{ cfg_gate_mask: [1, 1, 1, 1, 1, 0, 1, 1, 1, 1], cfg_gate_step: 0.1 }, [0, 1, 2, 3, 4, 6, 7, 8, 9]],
    [{ cfg_gate_step: 0.5, start: 0.6 }, [6, 7, 8, 9]],
    [{ cfg_gate_step: 0.5, start: 0.3, stop: 0.9 }, [3, 4]],
  ])("%j", async (options, steps) => {
    expect(await guided(options)).toEqual(steps);
  });

  it("is off for the rest once the predictions point the same way, in each image", async () => {
    const turning: GivenSteps = {
      count: 5,
      shape: [2, 1, 1, 2],
      cond: (i) => [1, 0, 3, 0, ...[]].map((x, at) => (at === 3 ? (i < 2 ? 3 : 0.1) : x)),
      uncond: () => [1, 0, 1, 0],
    };
    const seen = await guidedSteps({ adaptive_threshold: 0.99 }, turning);
    expect(seen.map(({ asked }) => asked.length)).toEqual([2, 2, 2, 1, 1]);
    expect(seen[0]!.numbers.cosine).toBeCloseTo(Math.SQRT1_2, 6);
    expect(seen[2]!.numbers.cosine).toBeCloseTo(3 / Math.hypot(3, 0.1), 6);
    expect(seen[3]).toMatchObject({ prediction: turning.cond(3).map(Math.fround), guided: false });
  });
});

describe("the remembered difference", () => {
  it.each([
    ["uncond", 3, (index: number) => index + 1 + 2 * 4.5],
    ["cond", 2, (index: number) => index + 1 + 2 * 4.5],
  ] as const)("goes on as guidance from %s does", async (base, scale, expected) => {
    const seen = await guidedSteps({ cfg_gate_step: 0.5 }, { ...ten, base, scale });
    for (const [index, { asked, prediction, guided: isGuided }] of seen.entries()) {
      expect(isGuided).toBe(true);
      if (index < 5) continue;
      expect(asked).toEqual(["cond"]);
      expect(prediction[0]).toBeCloseTo(expected(index), 5); // the last one before was 5 - 0.5
    }
  });

  it("is made anew when both branches run again", async () => {
    const seen = await guidedSteps({ cfg_gate_step: 0.1, cfg_gate_refresh: 4 }, ten);
    for (const [index, last] of [
      [1, 0],
      [3, 0],
      [5, 4],
      [7, 4],
      [9, 8],
    ] as const)
      expect(seen[index]!.prediction[0]).toBeCloseTo(index + 1 + 2 * (last + 0.5), 5);
  });

  it("is of the last step before that ran both, by a mask", async () => {
    const seen = await guidedSteps({ cfg_gate_mask: [1, 1, 0, 1, 0, 0, 1, 1, 1, 1] }, ten);
    for (const [index, last] of [
      [2, 1],
      [4, 3],
      [5, 3],
    ] as const)
      expect(seen[index]!.prediction[0]).toBeCloseTo(index + 1 + 2 * (last + 0.5), 5);
  });

  it("goes on in a line through the last two of order 1", async () => {
    const given: GivenSteps = { count: 6, cond: (i) => [i * i, 2], uncond: () => [0, 1] };
    const seen = await guidedSteps({ cfg_gate_mask: [1, 0, 1, 0, 0, 1], cfg_gate_order: 1 }, given);
    const differences = [0, 0, 4, 6, 8]; // one alone is taken as it is; then 4 at step 2, and 2 more a step
    for (const [index, difference] of differences.entries())
      expect(seen[index]!.prediction[0]).toBeCloseTo(index ** 2 + 2 * difference, 5);
  });

  it("is what a guider goes on with", async () => {
    const options = { cfg_gate_step: 0.5, guider: "MagnitudeAwareGuidance", alpha: 0 } as const;
    const [plain, aware] = [await guidedSteps({ cfg_gate_step: 0.5 }, ten), await guidedSteps(options, ten)];
    for (const [i, { prediction }] of aware.entries())
      for (const [at, x] of prediction.entries()) expect(x).toBeCloseTo(plain[i]!.prediction[at]!, 5);
  });
});

describe("scales", () => {
  it.each<[string, Partial<GuidanceOptions>, Partial<GivenSteps>, number]>([
    ["of the generation, as the family counts", {}, {}, 0.5 + 3 * 0.5],
    ["of the generation, from the prompt's", {}, { base: "cond" }, 1 + 3 * 0.5],
    ["of the generation, counted the other way", { use_original_formulation: true }, {}, 1 + 2 * 0.5],
    ["of the generation, counted back", { use_original_formulation: false }, { base: "cond" }, 0.5 + 4 * 0.5],
    ["of its own", { guidance_scale: 5 }, { base: "cond" }, 0.5 + 5 * 0.5],
    ["of its own, from the prompt's", { guidance_scale: 5, use_original_formulation: true }, {}, 1 + 5 * 0.5],
  ])("%s", async (_, options, given, expected) => {
    for (const guider of ["TangentialClassifierFreeGuidance", "MagnitudeAwareGuidance"] as const) {
      const one = { ...ten, ...given, count: 1, cond: () => [1, 0], uncond: () => [0.5, 0] };
      const [step] = await guidedSteps({ guider, alpha: 0, ...options }, one);
      expect(step!.prediction[0]).toBeCloseTo(expected, 5);
    }
  });
});

describe("CFG-Zero*", () => {
  const zeroStar = { guider: "ClassifierFreeZeroStarGuidance" } as const;

  it("predicts nothing at first, for which no branch runs, also beside rescaling and outside of the window", async () => {
    const seen = await guidedSteps({ ...zeroStar, zero_init_steps: 2, guidance_rescale: 0.7, start: 0.5 }, ten);
    for (const { asked, prediction, guided: isGuided } of seen.slice(0, 2))
      expect([asked, prediction, isGuided]).toEqual([[], [0, 0], false]);
    expect(seen.slice(2).map(({ asked }) => asked.length)).toEqual([1, 1, 1, 2, 2, 2, 2, 2]);
    expect(seen.every(({ prediction }) => prediction.every(Number.isFinite))).toBe(true);
  });

  it("does not when it is off", async () => {
    expect((await guidedSteps({ ...zeroStar, enabled: false }, ten))[0]!.asked).toEqual(["cond"]);
  });
});

describe("frequency-decoupled guidance", () => {
  const shape = [1, 2, 6, 10];
  const picture = (phase: number) => Array.from({ length: 120 }, (_, i) => Math.sin(i * 0.7 + phase) + i / 60);
  const image: GivenSteps = { count: 1, shape, cond: () => picture(0), uncond: () => picture(0.4) };
  const run = async (options: Partial<GuidanceOptions>, given = image): Promise<readonly number[]> =>
    (await guidedSteps({ guider: "FrequencyDecoupledGuidance", ...options }, given))[0]!.prediction;

  it("with one scale for all levels is plain guidance, at sizes that a pyramid cannot halve as well", async () => {
    for (const guidance_scales of [[4], [4, 4], [4, 4, 4]]) {
      const found = await run({ guidance_scales });
      for (const [i, x] of found.entries())
        expect(x).toBeCloseTo(picture(0.4)[i]! + 4 * (picture(0)[i]! - picture(0.4)[i]!), 4);
    }
  });

  it("leaves a level of scale 1 as the prompt's", async () => {
    const [fine, coarse, both] = [
      await run({ guidance_scales: [3, 1] }),
      await run({ guidance_scales: [1, 3] }),
      await run({ guidance_scales: [3, 3] }),
    ];
    for (const [i, x] of both.entries()) expect(fine[i]! + coarse[i]! - picture(0)[i]!).toBeCloseTo(x, 4);
    expect(fine).not.toEqual(coarse);
    expect(await guided({ guider: "FrequencyDecoupledGuidance", guidance_scales: [1, 1] }, image)).toEqual([]);
  });

  it("says which levels are too many for an image", async () => {
    await expect(run({ guidance_scales: [2, 2, 2, 2] })).rejects.toMatchObject({
      code: "SKIPSTEP_PLUGIN_OPTION",
      message: expect.stringMatching(/guidance_scales.*6 x 10/),
    });
  });
});

it("takes predictions of any rank", async () => {
  for (const guider of [
    "MagnitudeAwareGuidance",
    "TangentialClassifierFreeGuidance",
    "AdaptiveProjectedGuidance",
  ] as const)
    for (const shape of [
      [1, 4],
      [1, 2, 2],
      [1, 1, 2, 2],
      [1, 1, 1, 2, 2],
    ]) {
      const given = { count: 1, shape, cond: () => [1, -2, 0.5, 3], uncond: () => [0.9, -1, 0.2, 2] };
      const [step] = await guidedSteps({ guider }, given);
      const [flat] = await guidedSteps({ guider }, { ...given, shape: [1, 4] });
      expect(step!.prediction).toEqual(flat!.prediction);
    }
});

it("says which axis predictions have not", async () => {
  const options = { guider: "AdaptiveProjectedGuidance", adaptive_projected_guidance_norm_dim: [-1, 4] } as const;
  await expect(guidedSteps(options, ten)).rejects.toMatchObject({
    code: "SKIPSTEP_PLUGIN_OPTION",
    message: expect.stringMatching(/found 4/),
  });
});

it.each<[Partial<GuidanceOptions>, RegExp]>([
  [
    { guidance_rescale: [0.5, 0.5] },
    /guidance_rescale of plugin "guidance" must be a number for ClassifierFreeGuidance, found a list/,
  ],
  [
    { guider: "FrequencyDecoupledGuidance", parallel_weights: [1] },
    /parallel_weights of plugin "guidance" must be .* each of the 2 guidance_scales, found 1/,
  ],
  [{ cfg_gate_step: 1.5 }, /cfg_gate_step must be a number from 0 to 1, found 1.5/],
  [{ guider: "AutoGuidance" as never }, /guider must be one of/],
])("refuses %j before anything is loaded", async (options, said) => {
  const model = join(import.meta.dirname, "../../../packages/contract/models/z-image");
  const config = { model, generate: { prompt: "a cat", height: 32, width: 32 }, plugins: [{ use: Guidance, options }] };
  await expect(validateConfig(config)).rejects.toThrow(said);
});
