import type { Generation, GuidanceBranch, Guided, Predictions, Step } from "../hooks";
import type { Generator } from "../random";
import { throwIfAborted } from "../runtime/cancel";
import type { Copied, Runtime } from "../runtime/runtime";
import type { Scheduler } from "../schedulers/scheduler";
import { type Floats, isAllFinite } from "../tensor";
import { controlAt } from "./control-schedule";
import { ControlledRuns } from "./controlled-runs";
import type { Branch, Conditioning, FamilyPipeline, LateTimesteps, Timetable } from "./family";
import { GuardedLatents, guardedStep } from "./guarded-latents";
import { extrapolated, rows } from "./guidance";
import { type KeptImage, keepClean, keepImage } from "./kept-image";
import type { PassHooks } from "./pass-hooks";
import type { RunHooks } from "./run-hooks";
import type { Settings } from "./settings";

/** Told after each step. */
export interface StepDone {
  /** Steps done, and steps in all. */
  readonly step: number;
  readonly of: number;
  readonly latents: Floats;
  /** What the latents would become if this step's prediction were right. */
  readonly estimate: () => Floats;
  readonly finite: boolean;
  /** For this step alone. */
  readonly copied: Copied;
}

export interface Denoising {
  readonly family: FamilyPipeline;
  readonly encoded: Conditioning;
  readonly settings: Settings;
  readonly scheduler: Scheduler;
  /** What to begin with, at the noise level of call `begin`: `[B, C, H, W]`. */
  readonly latents: Floats;
  /** The scheduler's call to begin with. */
  readonly begin: number;
  /** What latents are blended with after each step, for inpainting. */
  readonly kept?: KeptImage | undefined;
  /** What plugins are told of how it is stepped. */
  readonly scheduling: Pick<Generation, "scheduler" | "mu">;
  readonly predictionType: unknown;
  readonly generator: Generator;
  readonly hooks: RunHooks;
  readonly passHooks: PassHooks;
  readonly runtime: Runtime;
  /** ControlNets of the model. */
  readonly nets: number;
  /** One pass a guidance branch instead of one batch. */
  readonly separate: boolean;
  /** As `Timetable` has it. */
  readonly late: LateTimesteps;
  readonly signal: AbortSignal | undefined;
  readonly onStep: (done: StepDone) => Promise<void>;
}

/** From noise to finished latents, `[B, C, H, W]`. */
export async function denoise(call: Denoising): Promise<Floats> {
  const { family, settings, scheduler, passHooks, runtime, signal, kept } = call;
  const count = scheduler.timesteps.length - call.begin;
  const controlled = new ControlledRuns(count, call.scheduling);
  const { prompt, height, width } = settings;
  const drawn = { prompts: Object.freeze([...prompt]), height, width };
  let { latents } = call;
  for (let index = 0; index < count; index++) {
    throwIfAborted(signal);
    const control = controlAt(settings, call.nets, index, count);
    const at = call.begin + index;
    const timestep = scheduler.timesteps[at]!;
    const input = scheduler.scaleModelInput(latents, at);
    const sigma = scheduler.sigmas[at]!;
    const runs = controlled.at(control);
    const guidanceScale = family.guidanceAt(settings, timestep);
    const before = latents;
    const guard = new GuardedLatents(before);
    const stepOf = (branch: Branch): Step =>
      guardedStep({ run: runs[branch], index, count, timestep, sigma, guidanceScale, ...drawn }, guard);
    const { copied } = runtime;
    const coming = scheduler.adaptive ? undefined : [...scheduler.timesteps.subarray(at)];
    const moment = { input, control, guard, timetable: { coming, late: call.late }, stepOf };
    const leading = stepOf(guidanceScale > 0 && !call.separate ? "batch" : "cond");
    // What plugins make between passes goes at the end of the step.
    const [prediction, stepped] = await runtime.pass(async () => {
      const guided = guidanceScale > 0 ? await guide(call, moment, leading) : await unguided(call, moment);
      const isGuided = guided.cond !== undefined && guided.uncond !== undefined;
      const finished =
        family.finish?.(settings, guided.prediction, isGuided ? guided.cond : undefined) ?? guided.prediction;
      const next = scheduler.step(finished, at, before, call.generator);
      const blended = kept ? keepImage(next, kept, scheduler, at + 1) : next;
      return [finished, await passHooks.afterStep(leading, blended)] as const;
    });
    guard.checkLast();
    latents = stepped;
    const estimate = (): Floats => {
      const clean =
        scheduler.predictedImage?.(prediction, at, before) ??
        family.estimate(input, prediction, sigma, call.predictionType);
      return kept ? keepClean(clean, kept) : clean;
    };
    const finite = isAllFinite(latents.data);
    await call.onStep({ step: index + 1, of: count, latents, estimate, finite, copied: since(copied, runtime) });
  }
  return latents;
}

function since(before: Copied, { copied }: Runtime): Copied {
  return { toDevice: copied.toDevice - before.toDevice, toMain: copied.toMain - before.toMain };
}

/** What the passes of one step have in common. */
interface Moment {
  /** What the model sees of the latents. */
  readonly input: Floats;
  /** Strength of each ControlNet. */
  readonly control: readonly number[];
  readonly guard: GuardedLatents;
  readonly timetable: Timetable;
  stepOf(branch: Branch): Step;
}

/** One pass over the denoiser, with the plugins around it and in it. */
function pass(call: Denoising, moment: Moment, branch: Branch): Promise<Predictions> {
  const { input, control, guard, timetable, stepOf } = moment;
  const { family, encoded, hooks, passHooks, runtime, signal } = call;
  const { meter } = hooks;
  const step = stepOf(branch);
  const branches: readonly GuidanceBranch[] = branch === "batch" ? ["cond", "uncond"] : [branch];
  const run = async (seen: Floats): Promise<Predictions> => {
    await hooks.beforeStep(step);
    const options = { around: hooks.around(step), observe: hooks.observe(step), signal, meter, control, timetable };
    const predicted = await meter.pass(branch, () => family.predict(encoded, seen, step.timestep, branch, options));
    const batch = seen.shape[0]!;
    return Object.fromEntries(branches.map((each, i) => [each, rows(predicted, i * batch, (i + 1) * batch)]));
  };
  return meter.time(() =>
    runtime.pass(async () => {
      const predicted = await passHooks.predict(step, branches, input, run);
      guard.checkLast();
      return predicted;
    }),
  );
}

/** The prompt's branch alone. */
async function unguided(call: Denoising, moment: Moment): Promise<Guided> {
  const { cond } = await pass(call, moment, "cond");
  return { prediction: cond! };
}

/** Both guidance branches, in one batch or one after the other, or what plugins make of that. */
function guide(call: Denoising, moment: Moment, step: Step): Promise<Guided> {
  const { family, passHooks, separate } = call;
  const base = family.guidanceBase ?? "uncond";
  const combined = (cond: Floats, uncond: Floats, scale = step.guidanceScale): Guided => {
    const from = base === "cond" ? cond : uncond;
    const prediction = extrapolated(from, cond, uncond, scale);
    return { prediction, cond, uncond };
  };
  return passHooks.guidance({ step, base, shape: moment.input.shape, combine: combined }, async (branches) => {
    const isJoint = branches.length === 2 && !separate;
    const predicted: Record<string, Floats> = {};
    for (const branch of isJoint ? (["batch"] as const) : branches)
      Object.assign(predicted, await pass(call, moment, branch));
    const { cond, uncond } = predicted;
    return cond && uncond ? combined(cond, uncond) : { ...predicted, prediction: (cond ?? uncond)! };
  });
}
