import { describe, expect, it } from "vitest";
import {
  betaSchemas,
  createGenerator,
  defineScheduler,
  directionAt,
  floats,
  linearBetas,
  predictionSchema,
  type SamplerDefinition,
  sigmaAt,
  spaceTimesteps,
  spacingSchemas,
  trainingSigmasOf,
  varianceExploding,
  weightedSum,
} from "../src/model";
import { ownSchedulers } from "../src/schedulers/own-schedulers";
import { Schedulers } from "../src/schedulers/registry";

/** As docs/model-parts.md has it. */
const plainEuler = defineScheduler({
  className: "PlainEulerScheduler",
  processes: ["variance-exploding"],
  options: {
    ...betaSchemas(linearBetas),
    ...spacingSchemas("linspace"),
    prediction_type: predictionSchema(["epsilon", "v_prediction"]),
  },
  create(options, schedule) {
    const steps = schedule.steps([], options.num_train_timesteps);
    const table = trainingSigmasOf(options);
    const timesteps = Float32Array.from(spaceTimesteps(options, options.num_train_timesteps, steps));
    const sigmas = Float32Array.of(...timesteps.map((timestep) => sigmaAt(table, timestep)), 0);
    return {
      ...varianceExploding(options.timestep_spacing, timesteps, sigmas),
      step(call) {
        const sigma = sigmas[call.index]!;
        const towards = directionAt(options.prediction_type, sigma, call);
        return weightedSum([1, call.sample], [sigmas[call.index + 1]! - sigma, towards]);
      },
    };
  },
});

/** Asks for noise, and for nothing else. */
const needy = defineScheduler({
  className: "NeedyScheduler",
  processes: ["flow"],
  options: {},
  create: (_, schedule) => {
    if (schedule.num_inference_steps === 3) throw schedule.conflict(["a", "b"], "keep one of them.");
    return {
      timesteps: Float32Array.of(1),
      sigmas: Float32Array.of(1, 0),
      step: ({ noise, variance, batch, sample }) =>
        sample.map((x, i) => x + noise()[i]! + batch + (variance?.[i] ?? 0)),
    };
  },
});

const schedulers = new Schedulers([...ownSchedulers, plainEuler, needy]);
const random = (seed: number) => floats([2, 1, 2, 2], createGenerator(seed).randn(8));

describe("a scheduler that another package defines", () => {
  it("steps as core's own of the same method, to the last bit", () => {
    for (const config of [{}, { timestep_spacing: "leading", steps_offset: 1, prediction_type: "v_prediction" }]) {
      const schedule = { num_inference_steps: 5 };
      const [mine, own] = ["PlainEulerScheduler", "EulerDiscreteScheduler"].map((name) =>
        schedulers.create(name, config, schedule),
      ) as [ReturnType<Schedulers["create"]>, ReturnType<Schedulers["create"]>];
      expect(mine.timesteps).toEqual(own.timesteps);
      expect([mine.initNoiseSigma, mine.order]).toEqual([own.initNoiseSigma, 1]);
      let sample = random(1);
      for (const index of mine.timesteps.keys()) {
        expect(mine.scaleModelInput(sample, index)).toEqual(own.scaleModelInput(sample, index));
        expect(mine.addNoise!(sample, random(2), index)).toEqual(own.addNoise!(sample, random(2), index));
        const next = own.step(random(10 + index), index, sample);
        expect(mine.step(random(10 + index), index, sample)).toEqual(next);
        sample = next;
      }
    }
  });

  it("is one of those that a family of its process can use", () => {
    const diffusion = schedulers.among(["variance-preserving", "variance-exploding"]);
    expect(diffusion).toContain("PlainEulerScheduler");
    expect(diffusion).not.toContain("FlowMatchEulerDiscreteScheduler");
    expect(schedulers.among(["flow"], ["UniPCMultistepScheduler"])).toEqual([
      "DEISMultistepScheduler",
      "DPMSolverMultistepScheduler",
      "DPMSolverSinglestepScheduler",
      "FlowMatchEulerDiscreteScheduler",
      "FlowMatchHeunDiscreteScheduler",
      "NeedyScheduler",
    ]);
    expect(schedulers.among(["LCMScheduler", "ElsewhereScheduler"])).toEqual(["LCMScheduler", "ElsewhereScheduler"]);
  });

  it("has the model's input as it is, one call a step, and no image-to-image where it says nothing", () => {
    const made = schedulers.create("NeedyScheduler", {}, { num_inference_steps: 1 });
    const sample = random(1);
    expect(made.scaleModelInput(sample, 0)).toBe(sample);
    expect([made.initNoiseSigma, made.order, made.addNoise, made.predictedImage]).toEqual([1, 1, undefined, undefined]);
  });

  it("is given the images' number, noise, and a variance that the model learned", () => {
    const made = schedulers.create("NeedyScheduler", {}, { num_inference_steps: 1 });
    const generator = { randn: (count: number) => new Float32Array(count).fill(10) };
    const zeros = floats([2, 1, 1, 1]);
    expect([...made.step(zeros, 0, zeros, generator as never).data]).toEqual([12, 12]);
    const doubled = floats([2, 2, 1, 1], Float32Array.of(7, 0.25, 7, 0.5));
    expect([...made.step(doubled, 0, zeros, generator as never).data]).toEqual([12.25, 12.5]);
  });

  it("is named in errors of its schedule, its options and its noise", () => {
    const made = schedulers.create("NeedyScheduler", {}, { num_inference_steps: 1 });
    expect(() => made.step(random(1), 0, random(2))).toThrow(/^NeedyScheduler draws noise/);
    expect(() => schedulers.create("NeedyScheduler", {}, { num_inference_steps: 3 })).toThrow(
      "NeedyScheduler's options a, b do not go together: keep one of them.",
    );
    expect(() => schedulers.create("PlainEulerScheduler", {}, { num_inference_steps: 1001 })).toThrow(
      "PlainEulerScheduler cannot be spaced like this: num_inference_steps must be at most 1000, found 1001.",
    );
    expect(() => schedulers.create("PlainEulerScheduler", { rho: 7 }, { num_inference_steps: 1 })).toThrow(
      'PlainEulerScheduler has no option "rho".',
    );
  });

  it.each<[string, object]>([
    ['The scheduler ? needs a "className", as in model_index.json.', { className: undefined }],
    [
      'The scheduler A needs "processes": variance-preserving, variance-exploding, flow or trigflow.',
      { processes: ["diffusion"] },
    ],
    [
      'The scheduler A needs "processes": variance-preserving, variance-exploding, flow or trigflow.',
      { processes: undefined },
    ],
    ['The scheduler A needs "options", a schema each, and "create".', { options: undefined }],
    ['The scheduler A needs "options", a schema each, and "create".', { create: undefined }],
  ])("is refused: %s", (message, change) => {
    const whole = { className: "A", processes: ["flow"], options: {}, create: () => ({}) };
    const define = () => defineScheduler({ ...whole, ...change } as unknown as SamplerDefinition<object>);
    expect(define).toThrow(expect.objectContaining({ code: "SKIPSTEP_SCHEDULER_INVALID", message }));
  });
});
