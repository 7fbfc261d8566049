import type { Run } from "../hooks";
import type { Generator } from "../random";
import { throwIfAborted } from "../runtime/cancel";
import type { Runtime } from "../runtime/runtime";
import type { Scheduler } from "../schedulers/scheduler";
import type { Floats } from "../tensor";
import { controlAt } from "./control-schedule";
import { ControlledRuns } from "./controlled-runs";
import type { Conditioning, FamilyPipeline } from "./family";
import { GuardedLatents, guardedStep } from "./guarded-latents";
import { rows } from "./guidance";
import { type KeptImage, keepClean, keepImage } from "./kept-image";
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
  readonly predictionType: unknown;
  readonly generator: Generator;
  readonly hooks: RunHooks;
  readonly runtime: Runtime;
  /** ControlNets of the model. */
  readonly nets: number;
  /** One pass a guidance branch instead of one batch. */
  readonly separate: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onStep: (done: StepDone) => Promise<void>;
}

/** From noise to finished latents, `[B, C, H, W]`. */
export async function denoise(call: Denoising): Promise<Floats> {
  const { family, settings, scheduler, hooks, runtime, signal, kept } = call;
  const { meter } = hooks;
  const count = scheduler.timesteps.length - call.begin;
  const runs = new ControlledRuns(count);
  let { latents } = call;
  for (let index = 0; index < count; index++) {
    throwIfAborted(signal);
    const control = controlAt(settings, call.nets, index, count);
    const at = call.begin + index;
    const timestep = scheduler.timesteps[at]!;
    const input = scheduler.scaleModelInput(latents, at);
    const sigma = scheduler.sigmas[at]!;
    const guard = new GuardedLatents(latents);
    const pass = (branch: Run["branch"]): Promise<Floats> =>
      meter.time(() =>
        runtime.pass(async () => {
          const step = guardedStep({ run: runs.of(branch, control), index, count, timestep, sigma }, guard);
          await hooks.beforeStep(step);
          const [around, observe] = [hooks.around(step), hooks.observe(step)];
          const options = { around, observe, signal, meter, control };
          const predicted = await family.predict(call.encoded, input, timestep, branch, options);
          guard.checkLast();
          return predicted;
        }),
      );
    const scale = family.guidanceAt(settings, timestep);
    const prediction =
      scale > 0
        ? await guided(call, scale, latents.shape[0]!, pass)
        : family.guide(settings, scale, await pass("cond"));
    const before = latents;
    const estimate = (): Floats => {
      const clean =
        scheduler.predictedImage?.(prediction, at, before) ??
        family.estimate(input, prediction, sigma, call.predictionType);
      return kept ? keepClean(clean, kept) : clean;
    };
    latents = scheduler.step(prediction, at, latents, call.generator);
    if (kept) latents = keepImage(latents, kept, scheduler, at + 1);
    await call.onStep({ step: index + 1, of: count, latents, estimate, finite: isAllFinite(latents) });
  }
  return latents;
}

/** Whether no element is NaN or infinite. Written out, 6 times as fast as `every`. */
function isAllFinite({ data }: Floats): boolean {
  for (let i = 0; i < data.length; i++) if (data[i]! - data[i]! !== 0) return false;
  return true;
}

/** Both guidance branches, in one batch or one after the other. */
async function guided(
  { family, settings, separate }: Denoising,
  scale: number,
  batch: number,
  pass: (branch: Run["branch"]) => Promise<Floats>,
): Promise<Floats> {
  if (separate) return family.guide(settings, scale, await pass("cond"), await pass("uncond"));
  const both = await pass("joint");
  return family.guide(settings, scale, rows(both, 0, batch), rows(both, batch, 2 * batch));
}
