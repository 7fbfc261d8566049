import { describe, expect, it } from "vitest";
import { createGenerator, type Generator } from "../src/random";
import type { Schedule, Scheduler } from "../src/schedulers/scheduler";
import { ownCatalogue } from "../src/start/catalogue";
import { type Floats, floats } from "../src/tensor";

const shape = [1, 2, 3, 3];
const { schedulers } = ownCatalogue;
const classes = Object.keys(schedulers.schemas);

function random(seed: number): Floats {
  return floats(shape, createGenerator(seed).randn(18));
}

/** What `create` throws: its code and its message. */
function mistakeOf(className: string, config: Record<string, unknown>, schedule: Partial<Schedule> = {}): string {
  try {
    schedulers.create(className, config, { num_inference_steps: 4, ...schedule });
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code} ${message}`;
  }
  return "none";
}

/** Samples of a whole generation with a model that only knows the call's index. */
function generate(scheduler: Scheduler, from = 0, generator: Generator = createGenerator(7)): number[][] {
  let sample = random(1);
  return [...scheduler.timesteps.keys()].slice(from).map((index) => {
    sample = scheduler.step(random(100 + index), index, sample, generator);
    return [...sample.data];
  });
}

describe("a scheduler's class", () => {
  it.each([
    ["DDIM", "DDIMScheduler"],
    ["Euler", "EulerDiscreteScheduler"],
    ["UniPC", "UniPCMultistepScheduler"],
    ["UniPCMultistepSheduler", "UniPCMultistepScheduler"],
  ])("%s is unknown, and told to be nearly %s", (name, nearest) => {
    expect(mistakeOf(name, {})).toContain(
      `SKIPSTEP_SCHEDULER_UNKNOWN No scheduler is called "${name}". Did you mean "${nearest}"? Known: DDIMScheduler,`,
    );
  });

  it("is no name that every object has", () => {
    expect(mistakeOf("toString", {})).toContain("SKIPSTEP_SCHEDULER_UNKNOWN");
  });
});

describe("a scheduler's options", () => {
  it.each(classes)("of %s all have a valid default", (className) => {
    const options = schedulers.options(className, {});
    expect(Object.keys(options).sort()).toEqual(Object.keys(schedulers.schemas[className]!.properties).sort());
    expect(schedulers.options(className, options)).toEqual(options);
  });

  it("are an error when nobody has them, with the nearest name", () => {
    expect(mistakeOf("EulerDiscreteScheduler", { use_karas_sigmas: true })).toContain(
      'SKIPSTEP_SCHEDULER_OPTION_UNKNOWN EulerDiscreteScheduler has no option "use_karas_sigmas". Did you mean ' +
        '"use_karras_sigmas"? It takes: num_train_timesteps,',
    );
  });

  it("have no place for notes of diffusers", () => {
    const config = { _class_name: "PNDMScheduler", _diffusers_version: "0.42.1" };
    expect(schedulers.options("LMSDiscreteScheduler", config)).toEqual(schedulers.options("LMSDiscreteScheduler", {}));
  });

  it.each([
    ["DDIMScheduler", { beta_start: "0.1" }, '"beta_start" must be a number, found "0.1".'],
    ["DDIMScheduler", { eta: 2 }, '"eta" must be a number from 0 to 1, found 2.'],
    ["DDIMScheduler", { timestep_spacing: "trialing" }, 'found "trialing". Did you mean "trailing"?'],
    ["DDIMScheduler", { trained_betas: [0.1, "x"] }, '"trained_betas/1" must be a number, found "x".'],
    [
      "DDIMScheduler",
      { trained_betas: [0.1] },
      '"trained_betas" must have num_train_timesteps (1000) entries, found 1.',
    ],
    ["FlowMatchEulerDiscreteScheduler", { shift: 0 }, '"shift" must be > 0, found 0.'],
    ["DPMSolverMultistepScheduler", { solver_order: 4 }, '"solver_order" must be an integer from 1 to 3, found 4.'],
    ["UniPCMultistepScheduler", { solver_p: "DDIMScheduler" }, '"solver_p" must be null, found "DDIMScheduler".'],
  ])("of %s that are wrong are told: %o", (className, config, message) => {
    const mistake = mistakeOf(className, config);
    expect(mistake).toContain("SKIPSTEP_SCHEDULER_OPTION_INVALID");
    expect(mistake).toContain(message);
  });

  it("that Python writes as null or infinity have their meaning", () => {
    const config = { clip_sample: null, beta_start: null, trained_betas: null };
    expect(schedulers.options("DDIMScheduler", config)).toMatchObject({
      clip_sample: false,
      beta_start: 0.0001,
      trained_betas: null,
    });
    const dpm = schedulers.options("DPMSolverMultistepScheduler", { lambda_min_clipped: Number.NEGATIVE_INFINITY });
    expect(dpm.lambda_min_clipped).toBeNull();
  });

  it.each([
    [
      "EulerDiscreteScheduler",
      { use_karras_sigmas: true, use_beta_sigmas: true },
      "use_karras_sigmas, use_beta_sigmas",
    ],
    ["DPMSolverMultistepScheduler", { use_lu_lambdas: true, use_flow_sigmas: true }, "use_lu_lambdas, use_flow_sigmas"],
    ["DPMSolverMultistepScheduler", { algorithm_type: "dpmsolver" }, "algorithm_type, final_sigmas_type"],
    [
      "DPMSolverMultistepScheduler",
      { algorithm_type: "sde-dpmsolver", final_sigmas_type: "sigma_min", solver_order: 3 },
      "algorithm_type, solver_order",
    ],
    ["DPMSolverSinglestepScheduler", { algorithm_type: "dpmsolver" }, "algorithm_type, final_sigmas_type"],
    [
      "DPMSolverSinglestepScheduler",
      { algorithm_type: "dpmsolver", final_sigmas_type: "sigma_min", thresholding: true },
      "algorithm_type, thresholding",
    ],
    [
      "EDMDPMSolverMultistepScheduler",
      { algorithm_type: "sde-dpmsolver++", solver_order: 3 },
      "algorithm_type, solver_order",
    ],
    [
      "DEISMultistepScheduler",
      { use_flow_sigmas: true, use_karras_sigmas: true },
      "use_karras_sigmas, use_flow_sigmas",
    ],
    ["UniPCMultistepScheduler", { predict_x0: false }, "predict_x0, final_sigmas_type"],
    ["UniPCMultistepScheduler", { lower_order_final: false }, "lower_order_final, final_sigmas_type"],
    ["UniPCMultistepScheduler", { shift_terminal: 0.1 }, "shift_terminal, use_flow_sigmas"],
    ["UniPCMultistepScheduler", { use_flow_sigmas: true, use_beta_sigmas: true }, "use_flow_sigmas, use_beta_sigmas"],
  ])("of %s that conflict are named: %o", (className, config, names) => {
    expect(mistakeOf(className, config)).toContain(
      `SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT ${className}'s options ${names} do not go together: `,
    );
  });
});

describe("a schedule", () => {
  it.each([
    ["DDIMScheduler", {}, { num_inference_steps: 0 }, "num_inference_steps must be an integer of at least 1, found 0."],
    ["DDIMScheduler", {}, { num_inference_steps: 1001 }, "num_inference_steps must be at most 1000, found 1001."],
    ["DDIMScheduler", {}, { sigmas: [4, 3, 2, 1] }, "it takes no sigmas of the caller's."],
    ["FlowMatchEulerDiscreteScheduler", {}, { sigmas: [1, 0.5] }, "2 sigmas were given for num_inference_steps 4."],
    ["FlowMatchEulerDiscreteScheduler", { use_dynamic_shifting: true }, {}, "use_dynamic_shifting needs mu"],
    ["UniPCMultistepScheduler", { use_flow_sigmas: true, use_dynamic_shifting: true }, {}, "needs mu"],
    ["DDPMScheduler", {}, { timesteps: [9, 9, 5, 1] }, "timesteps must go down, but 9 is followed by 9."],
    ["PNDMScheduler", {}, { num_inference_steps: 3 }, "Runge-Kutta steps need num_inference_steps of at least 4"],
    [
      "EulerDiscreteScheduler",
      {},
      { num_inference_steps: 1, sigmas: [4] },
      "one of the caller's sigmas leaves no step",
    ],
    ["HeunDiscreteScheduler", { use_karras_sigmas: true }, { timesteps: [9, 6, 5, 1] }, "the caller's timesteps"],
    ["DPMSolverMultistepScheduler", { use_flow_sigmas: true }, { timesteps: [9, 6, 5, 1] }, "the caller's timesteps"],
  ])("of %s (%o) cannot be %o", (className, config, schedule, message) => {
    const mistake = mistakeOf(className, config, schedule);
    expect(mistake).toContain(`SKIPSTEP_SCHEDULE_INVALID ${className} cannot be spaced like this: `);
    expect(mistake).toContain(message);
  });
});

it("Euler's steps are between the caller's noise levels, the last of which is where they end", () => {
  const sigmas = [14, 3, 0.5];
  const scheduler = schedulers.create("EulerDiscreteScheduler", {}, { num_inference_steps: 3, sigmas });
  expect([...scheduler.sigmas]).toEqual(sigmas);
  expect(scheduler.timesteps.length).toBe(2);
});

describe("a generation", () => {
  it.each(classes)("of %s leaves nothing behind for the next, and both may run at once", (className) => {
    const create = () => schedulers.create(className, {}, { num_inference_steps: 8 });
    const expected = generate(create());
    const [one, other] = [create(), create()];
    const interleaved = [...one.timesteps.keys()].reduce(
      ({ a, b, generatorA, generatorB, samples }, index) => {
        const nextA = one.step(random(100 + index), index, a, generatorA);
        const nextB = other.step(random(500 + index), index, b, generatorB);
        return { a: nextA, b: nextB, generatorA, generatorB, samples: [...samples, [...nextA.data]] };
      },
      {
        a: random(1),
        b: random(2),
        generatorA: createGenerator(7),
        generatorB: createGenerator(8),
        samples: [] as number[][],
      },
    );
    expect(interleaved.samples).toEqual(expected);
  });

  it.each(classes)("of %s does not write into what it is given", (className) => {
    const scheduler = schedulers.create(className, {}, { num_inference_steps: 8 });
    const [sample, output] = [random(1), random(2)];
    for (const index of [0, 1, 2]) {
      scheduler.scaleModelInput(sample, index);
      scheduler.step(output, index, sample, createGenerator(0));
    }
    expect(sample).toEqual(random(1));
    expect(output).toEqual(random(2));
  });

  it("that draws noise asks for a generator", () => {
    const scheduler = schedulers.create("EulerAncestralDiscreteScheduler", {}, { num_inference_steps: 4 });
    expect(() => scheduler.step(random(1), 0, random(2))).toThrow(
      "EulerAncestralDiscreteScheduler draws noise in every step and was given no generator.",
    );
  });

  it("with a learned variance asks for a model that predicts it", () => {
    const scheduler = schedulers.create("DDPMScheduler", { variance_type: "learned" }, { num_inference_steps: 4 });
    expect(() => scheduler.step(random(1), 0, random(2), createGenerator(0))).toThrow(/variance_type is learned/);
  });
});

describe("image-to-image", () => {
  it.each(classes)("of %s starts from the image at the step's noise level", (className) => {
    const config = className.startsWith("EDM") ? { sigma_data: 1 } : {}; // else the model sees another unit
    const scheduler = schedulers.create(className, config, { num_inference_steps: 20 });
    const [image, noise] = [random(1), random(2)];
    const distances = [...scheduler.timesteps.keys()].map((index) => {
      const noisy = scheduler.addNoise!(image, noise, index);
      const scaled = scheduler.scaleModelInput(noisy, index); // both in units of the image
      return Math.hypot(...scaled.data.map((value, i) => value - image.data[i]!));
    });
    expect(distances.at(-1)).toBeLessThan(0.25 * distances[0]!);
  });

  it.each(classes.filter((name) => name !== "PNDMScheduler"))("of %s begins in the middle", (className) => {
    const scheduler = schedulers.create(className, {}, { num_inference_steps: 8 });
    const from = 3 * scheduler.order;
    expect(generate(scheduler, from).flat().every(Number.isFinite)).toBe(true);
  });

  it("of PNDM begins after its Runge-Kutta steps only without them", () => {
    const schedule = { num_inference_steps: 8 };
    expect(() => generate(schedulers.create("PNDMScheduler", {}, schedule), 3)).toThrow(/Set skip_prk_steps to true/);
    const plain = schedulers.create("PNDMScheduler", { skip_prk_steps: true }, schedule);
    expect(generate(plain, 3).flat().every(Number.isFinite)).toBe(true);
  });
});
