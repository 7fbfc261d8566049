import { cancelled } from "../errors/runtime";
import { imagesOf } from "../image/image";
import { picturesOf } from "../image/picture";
import { pictureWarnings } from "../image/picture-pixels";
import { createGenerator } from "../random";
import { latentsNotFinite } from "../report/warnings";
import type { Copied } from "../runtime/runtime";
import type { Schedule, Scheduler } from "../schedulers/scheduler";
import { pictureSettingNames } from "../settings/common-settings";
import { type Floats, isAllFinite } from "../tensor";
import { batchResults } from "./batch-results";
import { controlNetsIn } from "./control-nets";
import { denoise, type StepDone } from "./denoise";
import type { Conditioning, LateTimesteps } from "./family";
import { begin, takeControl } from "./first-latents";
import type { EncodedMember, RunningBatch } from "./generate-batch";
import { rows } from "./guidance";
import { joinSettings } from "./joined";
import { joinGenerators } from "./joined-generator";
import { PassHooks } from "./pass-hooks";
import type { GenerateResult, PipelineParts } from "./pipeline";
import type { StepEvent } from "./progress";
import { RunHooks } from "./run-hooks";
import { imageCount, type Settings } from "./settings";
import { Stopwatch } from "./stopwatch";

/** From noise to images. @param encoded what the prompts of all members come to @returns one result a member */
export async function drawBatch(
  parts: PipelineParts,
  members: readonly EncodedMember[],
  encoded: Conditioning,
  running: RunningBatch,
): Promise<GenerateResult[]> {
  const { pipeline, model, scheduler: choice, config, plugins, runtime } = parts;
  const { signal } = running;
  const watch = new Stopwatch(
    parts.models,
    members.map(({ seconds }) => seconds),
  );
  const hooks = new RunHooks(plugins);
  const separate = config.guidance === "separate";
  const settings = joinSettings(
    model.family,
    members.map((member) => member.settings),
  );
  const { schedule, scheduler } = schedulerFor(parts, settings);
  const shares = members.map((member) => ({
    generator: createGenerator(member.settings.seed),
    images: imageCount(member.settings),
  }));
  const generator = shares.length === 1 ? shares[0]!.generator : joinGenerators(shares);
  const [{ masked }] = members as [EncodedMember];
  const warnings: string[] = [];
  const beginning = { pipeline, settings, scheduler, generator, signal };
  const first = await watch.time("encode", async () => {
    const steered = await takeControl(beginning, encoded, masked.picture);
    return begin(beginning, steered, masked.picture);
  });
  for (const picture of pictureSettingNames.flatMap((name) => picturesOf(settings[name])))
    if (typeof picture === "string") warnings.push(...(await pictureWarnings(picture)));
  const { pasted } = masked.picture ?? {};
  const nets = controlNetsIn(model.components.keys());
  const ownRows = rowsOf(members);
  const start = performance.now();
  /** First step after which a member's latents are not finite. */
  const broken = new Map<EncodedMember, string>();
  const copies: Copied[] = [];
  const onStep = async (done: StepDone): Promise<void> => {
    copies.push(done.copied);
    for (const [i, one] of members.entries())
      if (!done.finite && !broken.has(one) && !isAllFinite(rows(done.latents, ...ownRows[i]!).data))
        broken.set(one, latentsNotFinite(done.step, done.of));
    const seconds = (performance.now() - start) / 1000;
    const event: StepEvent = {
      kind: "step",
      step: done.step,
      of: done.of,
      seconds,
      secondsLeft: (seconds / done.step) * (done.of - done.step),
    };
    let estimate: Floats | undefined;
    for (const [i, { member, settings: own }] of members.entries()) {
      const { tell, previews = false } = member;
      if (!tell) continue;
      await member.attempt(async () => {
        if (!(typeof previews === "function" ? previews(done.step, done.of) : previews)) return tell(event);
        estimate ??= done.estimate();
        const seen = rows(estimate, ...ownRows[i]!);
        const sample = await watch.time("previews", () => pipeline.decode(own, seen, signal));
        tell({ ...event, previews: imagesOf(sample, () => ({}), pasted).map(({ image }) => image) });
      });
    }
    if (members.every(({ member }) => member.hasLeft)) throw cancelled(undefined); // others wait for a batch of their own
  };
  const late: LateTimesteps = new Map();
  const latents = await watch.time("denoise", () =>
    denoise({
      family: pipeline,
      settings,
      scheduler,
      ...first,
      scheduling: { scheduler: { type: choice.className, options: choice.options }, mu: schedule.mu },
      predictionType: choice.options.prediction_type,
      generator,
      hooks,
      passHooks: new PassHooks(plugins, hooks, separate),
      runtime,
      nets: nets.length,
      separate,
      late,
      signal,
      onStep,
    }),
  );

  for (const { member } of members) member.tell?.({ kind: "decode" });
  const sample = await watch.time("decode", () => pipeline.decode(settings, latents, signal));
  const steps = scheduler.timesteps.length - first.begin;
  const drawn = { watch, settings, ownRows, sample, latents, steps, hooks, late, copies, warnings, broken };
  return batchResults(parts, members, running, drawn);
}

/** Stepped as the settings ask for. */
export function schedulerFor(
  { pipeline, model, scheduler: choice }: PipelineParts,
  settings: Settings,
): { readonly schedule: Schedule; readonly scheduler: Scheduler } {
  const schedule = pipeline.schedule(settings, choice.options);
  return { schedule, scheduler: model.schedulers.create(choice.className, choice.options, schedule) };
}

/** Where the images of each member lie in a batch: from, and up to. */
function rowsOf(members: readonly Pick<EncodedMember, "settings">[]): (readonly [number, number])[] {
  let at = 0;
  return members.map(({ settings }) => {
    const from = at;
    at += imageCount(settings);
    return [from, at] as const;
  });
}
