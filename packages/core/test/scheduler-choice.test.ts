import { describe, expect, it } from "vitest";
import type { SchedulerConfig } from "../src/config/config";
import { stableDiffusionFamily } from "../src/families/unet/stable-diffusion";
import { ownCatalogue } from "../src/start/catalogue";
import { chooseScheduler, type SchedulerSource, schedulerNotes } from "../src/start/scheduler-choice";
import type { Checkpoint } from "../src/weights/checkpoint/checkpoint";
import { thrown } from "./checkpoint-files";

/** A scheduler as a folder has it, and what the config says over it. */

const noise = { beta_start: 0.00085, beta_end: 0.012, beta_schedule: "scaled_linear", prediction_type: "v_prediction" };

function modelWith(className: string, config: Readonly<Record<string, unknown>>): SchedulerSource {
  const component = { className, config, source: { path: "FOLDER", config: "FILE" } };
  const checkpoint = { component: () => component, components: new Map() } as unknown as Checkpoint;
  const { className: pipeline, schedulers } = stableDiffusionFamily;
  const family = { className: pipeline, denoiser: "unet", schedulers: schedulers! };
  return { checkpoint, family, schedulers: ownCatalogue.schedulers };
}

function warnings(className: string, config: Readonly<Record<string, unknown>>, chosen?: SchedulerConfig): string[] {
  return schedulerNotes(modelWith(className, config), chosen).map(({ kind, text }) => `${kind}: ${text}`);
}

describe("keys that a scheduler's class does not know", () => {
  const left = { predictor_order: 2, tau_func: null, sampler_name: "Euler" };

  it.each(["EulerDiscreteScheduler", "DEISMultistepScheduler", "LCMScheduler"])(
    "are warned of and ignored: %s",
    (name) => {
      const model = modelWith(name, { ...noise, ...left });
      expect(warnings(name, { ...noise, ...left })).toEqual([
        `warning: FILE: ${name} does not know "predictor_order", "tau_func", "sampler_name", which had no effect.`,
      ]);
      expect(chooseScheduler(model, undefined)).toEqual(chooseScheduler(modelWith(name, noise), undefined));
    },
  );

  it("are told to be nearly one that it knows", () => {
    expect(warnings("EulerDiscreteScheduler", { ...noise, use_karas_sigmas: true })).toEqual([
      'warning: FILE: EulerDiscreteScheduler does not know "use_karas_sigmas", which had no effect. Did you mean "use_karras_sigmas"?',
    ]);
  });

  it("are passed over where diffusers does: notes, and options of compatible classes", () => {
    const others = {
      skip_prk_steps: true,
      set_alpha_to_one: false,
      clip_sample: false,
      rho: 7,
      noise_sampler_seed: null,
    };
    expect(warnings("EulerDiscreteScheduler", { _class_name: "PNDMScheduler", ...noise, ...others })).toEqual([]);
  });

  it("are those of classes that are not compatible: flows', consistency models', EDM's", () => {
    for (const [name, key] of [
      ["EulerDiscreteScheduler", "shift"],
      ["EulerDiscreteScheduler", "original_inference_steps"],
      ["LCMScheduler", "skip_prk_steps"],
      ["FlowMatchEulerDiscreteScheduler", "beta_start"],
      ["EDMEulerScheduler", "beta_start"],
      // In no file of diffusers', which takes it as an argument.
      ["DDIMScheduler", "eta"],
    ] as const)
      expect(warnings(name, { [key]: 1 })).toEqual([
        `warning: FILE: ${name} does not know "${key}", which had no effect.`,
      ]);
  });

  it("do not count twice: what the file's own class knows is nothing strange to another that is chosen", () => {
    const type = "EulerDiscreteScheduler";
    expect(warnings("LCMScheduler", { ...noise, original_inference_steps: 50 }, { type })).toEqual([]);
    expect(warnings("LCMScheduler", { ...noise, ...left }, { type })).toHaveLength(1);
    expect(warnings("SASolverScheduler", { ...noise, ...left }, { type })).toEqual([]);
  });

  it("and values that are wrong stay errors", () => {
    const model = modelWith("EulerDiscreteScheduler", { ...noise, timestep_spacing: "log" });
    expect(thrown(() => chooseScheduler(model, undefined))).toContain("SKIPSTEP_SCHEDULER_OPTION_INVALID");
  });

  it("listed as defaults count for nothing, as in diffusers", () => {
    const config = { ...noise, use_karras_sigmas: true, _use_default_values: ["use_karras_sigmas"] };
    const { options } = chooseScheduler(modelWith("EulerDiscreteScheduler", config), undefined);
    expect(options.use_karras_sigmas).toBe(false);
  });
});

describe("a class that is not there", () => {
  it.each([
    ["DDIMParallelScheduler", '"scheduler": { "type": "DDIMScheduler" }'],
    ["DDPMParallelScheduler", '"scheduler": { "type": "DDPMScheduler" }'],
    [
      "FlowMatchLCMScheduler",
      '"scheduler": { "type": "FlowMatchEulerDiscreteScheduler", "stochastic_sampling": true }',
    ],
  ])("%s: the error says which one gives the same", (name, setting) => {
    expect(thrown(() => chooseScheduler(modelWith(name, noise), undefined))).toBe(
      `SKIPSTEP_SCHEDULER_UNKNOWN: No scheduler is called "${name}". The same result comes from ${setting} in the config.`,
    );
  });

  it("with nothing like it: the error says which key chooses another, and that works", () => {
    const model = modelWith("SASolverScheduler", { ...noise, predictor_order: 2 });
    expect(thrown(() => chooseScheduler(model, undefined))).toMatch(
      /^SKIPSTEP_SCHEDULER_UNKNOWN: No scheduler is called "SASolverScheduler"\..* Known: .*"scheduler": \{ "type": "<one of these>" \}\.$/,
    );
    const chosen = chooseScheduler(model, { type: "UniPCMultistepScheduler" });
    expect(chosen.options).toMatchObject(noise);
  });
});

describe("noise levels of EDM", () => {
  const cosxl = { sigma_min: 0.002, sigma_max: 120, sigma_data: 1, prediction_type: "v_prediction" };

  it.each<[SchedulerConfig | undefined, boolean]>([
    [undefined, false],
    [{ sigma_max: 80 }, false],
    [{ type: "EDMDPMSolverMultistepScheduler" }, false],
    [{ type: "EulerDiscreteScheduler", timestep_type: "continuous" }, false],
    [{ type: "EulerDiscreteScheduler" }, true],
  ])("are missed in %o: %s", (chosen, isWarned) => {
    expect(warnings("EDMEulerScheduler", cosxl, chosen)).toHaveLength(isWarned ? 1 : 0);
  });
});
