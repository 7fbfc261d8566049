import type { Config, GenerateConfig, PluginUse, SchedulerConfig } from "../config/config";
import { argumentInvalid } from "../errors/arguments";
import { pluginIdle } from "../errors/pipeline";
import { printable } from "../errors/printable";
import { runtimeStopped } from "../errors/runtime";
import { shown } from "../errors/shown";
import { type Image, imagesOf } from "../image/image";
import { picturesOf } from "../image/picture";
import { pictureWarnings } from "../image/picture-pixels";
import type { BuildHookRunner } from "../plugins/build-hooks";
import type { LoadedPlugin, PluginHost } from "../plugins/host";
import { checkRequestSettings } from "../plugins/needed-settings";
import type { Encodings } from "../program/encodings";
import type { OpenedComponent } from "../program/opened-component";
import { createGenerator } from "../random";
import { type Recipe, recipeText } from "../recipe/recipe";
import type { RecipePlaces } from "../recipe/recipe-config";
import { idleControlNets, reportControlNets } from "../report/control-net-report";
import { reportCopies } from "../report/copies-report";
import { lateNotes } from "../report/late-notes";
import { idlePlugins, type Report, reportPlugins, unmeasured } from "../report/report";
import { latentsNotFinite, pixelsNotFinite } from "../report/warnings";
import type { Copied, Runtime } from "../runtime/runtime";
import type { SchedulerChoice } from "../schedulers/scheduler-choice";
import { checkOptions } from "../schema/check-arguments";
import { pictureSettingNames } from "../settings/common-settings";
import { settingNotes } from "../settings/setting";
import type { Floats } from "../tensor";
import { type BesideLoras, placeLoras, type ReadLoras } from "./beside-loras";
import { broughtBy } from "./brought";
import { checkLatents, checkRequest } from "./check-request";
import { controlNetsIn } from "./control-nets";
import { controlAt } from "./control-schedule";
import { denoise, type StepDone } from "./denoise";
import type { FamilyPipeline, LateTimesteps } from "./family";
import { begin, takeControl } from "./first-latents";
import { generationRecipe } from "./generation-recipe";
import type { LateFunctions } from "./late-functions";
import { maskedPicture } from "./masked-picture";
import { PassHooks } from "./pass-hooks";
import type { StepEvent } from "./progress";
import { type OnProgress, ProgressListener } from "./progress-listener";
import type { RecognisedModel } from "./recognised-model";
import { checkSettings, type RequestExtras, splitRequest } from "./request";
import { RunHooks } from "./run-hooks";
import { seenSettings } from "./seen-settings";
import type { Settings } from "./settings";
import { Stopwatch } from "./stopwatch";

/** One generation. Names in snake_case are the config's; what is left out is the config's `generate`. */
export interface GenerateRequest extends GenerateConfig, RequestExtras {
  /** Stops while it waits, and between two segments of the model: `generate` throws SKIPSTEP_CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  /** What it throws fails the generation with SKIPSTEP_PROGRESS_FAILED; promises that it gives are waited for. */
  readonly onProgress?: OnProgress | undefined;
  /**
   * Decodes the estimate after each step, for `onProgress`, or after those that a function says yes to, which is given
   * the steps done and the steps in all. Costs a run of the VAE each.
   */
  readonly previews?: boolean | PreviewsAt | undefined;
  /** A scheduler in place of the config's: `type` is its class, all else its options, over the checkpoint's. */
  readonly scheduler?: SchedulerConfig | undefined;
}

/** Whether to decode the estimate after a step. */
export type PreviewsAt = (step: number, of: number) => boolean;

/** What a generation gives. */
export interface GenerateResult {
  /** `num_images_per_prompt` for each prompt, prompt by prompt. */
  readonly images: readonly Image[];
  /** Finished latents `[B, C, h, w]`, as the denoiser leaves them. */
  readonly latents: Floats;
  readonly report: Report;
  /** Of the first image; the others differ in `image`. */
  readonly recipe: Recipe;
}

/** What a pipeline is put together from. */
export interface PipelineParts {
  readonly config: Config;
  readonly plugins: PluginHost;
  readonly model: RecognisedModel;
  readonly scheduler: SchedulerChoice;
  /** What a request's scheduler comes to, and what there is to say of it. */
  schedulerOf(config: SchedulerConfig): { readonly choice: SchedulerChoice; readonly warnings: readonly string[] };
  readonly runtime: Runtime;
  readonly models: readonly OpenedComponent[];
  readonly buildHooks: BuildHookRunner;
  readonly pipeline: FamilyPipeline;
  readonly warnings: readonly string[];
  /** What was concluded from the config. */
  readonly notes: readonly string[];
  /** What recipes call the config's files. */
  readonly places: RecipePlaces;
  readonly cacheDir: string;
  readonly encodings: Pick<Encodings, "since">;
  readonly late: LateFunctions;
  /** Runs its models with a generation's LoRAs. */
  readonly loras: BesideLoras;
  /** The same with other plugins. */
  reopen(plugins: readonly PluginUse[], changes?: PluginChange): Promise<PipelineParts>;
}

/** How a change of plugins is watched and given up. */
export interface PluginChange {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

function withScheduler(parts: PipelineParts, scheduler: SchedulerConfig): PipelineParts {
  const { choice, warnings } = parts.schedulerOf(scheduler);
  return {
    ...parts,
    scheduler: choice,
    config: { ...parts.config, scheduler },
    warnings: [...parts.warnings, ...warnings],
  };
}

/** An open model with its plugins, ready to make images. Close it when done. */
export class Pipeline {
  /** Changes of plugins, one after the other. */
  private changes: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(private parts: PipelineParts) {}

  /** The checked config, defaults filled in. */
  get config(): Config {
    return this.parts.config;
  }

  /** The plugins at work, in the order of the config's `plugins`. */
  get plugins(): readonly Pick<LoadedPlugin, "name" | "version" | "options">[] {
    return this.parts.plugins.plugins;
  }

  /**
   * Makes images. Calls at the same time run one after the other; on a GPU, those of all pipelines do.
   * @throws SKIPSTEP_REQUEST_INVALID, SKIPSTEP_CANCELLED, SKIPSTEP_PROGRESS_FAILED, SKIPSTEP_HOOK_FAILED, SKIPSTEP_PLUGIN_NO_EFFECT when the config
   *   says `"strict": true`, SKIPSTEP_RUNTIME_STOPPED after `close`; SKIPSTEP_DEVICE_LOST, SKIPSTEP_DEVICE_MEMORY and
   *   SKIPSTEP_DEVICE_GONE, after which the next call tries again
   */
  async generate(request: GenerateRequest = {}): Promise<GenerateResult> {
    checkRequest(request);
    const { signal, onProgress, previews, scheduler, ...asked } = request;
    const { given, inMemory } = splitRequest(asked);
    const { model, config } = this.parts;
    checkSettings(model, given);
    const { loras: named = config.generate.loras } = given;
    const loras = placeLoras(named, config);
    const own = named ? { loras } : {};
    const settings = await seenSettings(model, config.generate, { ...given, ...own }, inMemory, config);
    checkRequestSettings(this.parts.plugins.plugins, { ...settings, ...config.generate, ...given });
    const parts = scheduler ? withScheduler(this.parts, scheduler) : this.parts; // plugins may have changed meanwhile
    const beside = loras.filter(({ scale }) => scale !== 0);
    const read = beside.length > 0 ? parts.loras.read(beside) : undefined;
    const progress = new ProgressListener(onProgress);
    const heard = { signal, previews, onProgress: progress.tell };
    const result = await parts.runtime.generation(
      () => parts.loras.run(read, heard, (models) => this.run({ ...parts, models }, settings, heard, read)),
      { signal, onWait: (wait) => progress.tell?.({ kind: "wait", ...wait }) },
    );
    await progress.settled();
    return result;
  }

  /**
   * Replaces the plugins, as the config's `plugins` would: their options, their order, which there are. Models are
   * compiled for the new ones, or found in the cache, while the old ones go on; where that fails, all stays as it was.
   * Generations that were asked for before are made with the old plugins.
   *
   * @param plugins all of them; of those that are there already the name will do: `pipeline.config.plugins` with changes
   * @throws what `createPipeline` throws; SKIPSTEP_RUNTIME_STOPPED after `close`
   */
  async setPlugins(plugins: readonly PluginUse[], change: PluginChange = {}): Promise<void> {
    if (!Array.isArray(plugins))
      throw argumentInvalid("setPlugins", [`plugins must be a list, found ${shown(plugins)}`]);
    checkOptions("setPlugins", change);
    const replaced = this.changes.then(() => this.replace(plugins, change));
    this.changes = replaced.catch(() => undefined); // told to whoever asked
    return replaced;
  }

  /** Frees sessions and memory. A generation that is under way fails with SKIPSTEP_RUNTIME_STOPPED. */
  async close(): Promise<void> {
    this.closed = true;
    await this.parts.runtime.close();
    await this.changes;
  }

  private async replace(plugins: readonly PluginUse[], change: PluginChange): Promise<void> {
    if (this.closed) throw runtimeStopped("is closed");
    const { signal, onProgress } = change;
    const progress = new ProgressListener(onProgress);
    const fresh = await this.parts.reopen(plugins, { signal, onProgress: progress.tell });
    if (this.closed) {
      await fresh.runtime.close();
      throw runtimeStopped("is closed");
    }
    const { runtime } = this.parts;
    this.parts = fresh;
    await runtime.generation(async () => undefined); // those before it are done then
    await runtime.close();
    await progress.settled();
  }

  private async run(
    parts: PipelineParts,
    settings: Settings,
    { signal, onProgress, previews = false }: Pick<GenerateRequest, "signal" | "onProgress" | "previews">,
    loras?: ReadLoras,
  ): Promise<GenerateResult> {
    const { pipeline, model, scheduler: choice, config, plugins, runtime, models, buildHooks } = parts;
    const { family, schedulers } = model;
    const watch = new Stopwatch(models);
    const hooks = new RunHooks(plugins);
    const separate = config.guidance === "separate";
    const generator = createGenerator(settings.seed);
    const schedule = pipeline.schedule(settings, choice.options);
    const scheduler = schedulers.create(choice.className, choice.options, schedule);

    const { latents: given } = settings;
    if (given) checkLatents(given, pipeline.noise(settings, createGenerator(0)).shape);

    onProgress?.({ kind: "encode" });
    const encodings = parts.encodings.since();
    const askedFunctions = parts.late.since();
    const masked = await maskedPicture(pipeline, settings);
    const encoded = await watch.time("encode", () => pipeline.encode(settings, signal));
    const warnings = [
      ...parts.warnings,
      ...(settings.remarks ?? []),
      ...(loras?.warnings ?? []),
      ...encoded.warnings,
      ...masked.warnings,
    ];
    const beginning = { pipeline, settings, scheduler, generator, signal };
    const first = await watch.time("encode", async () => {
      const steered = await takeControl(beginning, encoded, masked.picture);
      return begin(beginning, steered, masked.picture);
    });
    for (const picture of pictureSettingNames.flatMap((name) => picturesOf(settings[name])))
      if (typeof picture === "string") warnings.push(...(await pictureWarnings(picture)));
    const { pasted } = masked.picture ?? {};
    const nets = controlNetsIn(model.components.keys());
    const start = performance.now();
    let finite = true;
    const copies: Copied[] = [];
    const onStep = async (done: StepDone): Promise<void> => {
      copies.push(done.copied);
      if (finite && !done.finite) warnings.push(latentsNotFinite(done.step, done.of));
      finite &&= done.finite;
      if (!onProgress) return;
      const seconds = (performance.now() - start) / 1000;
      const event: StepEvent = {
        kind: "step",
        step: done.step,
        of: done.of,
        seconds,
        secondsLeft: (seconds / done.step) * (done.of - done.step),
      };
      if (!(typeof previews === "function" ? previews(done.step, done.of) : previews)) {
        onProgress(event);
        return;
      }
      const sample = await watch.time("previews", () => pipeline.decode(settings, done.estimate(), signal));
      onProgress({ ...event, previews: imagesOf(sample, () => ({}), pasted).map(({ image }) => image) });
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

    onProgress?.({ kind: "decode" });
    const sample = await watch.time("decode", () => pipeline.decode(settings, latents, signal));
    const steps = scheduler.timesteps.length - first.begin;
    const reports = reportPlugins(buildHooks, hooks, steps, family.denoiser, broughtBy(plugins, model, choice));
    const steered = reportControlNets(
      nets,
      Array.from({ length: steps }, (_, i) => controlAt(settings, nets.length, i, steps)),
    );
    const idle = reports.filter(({ effect }) => !effect).map(({ name }) => name);
    if (config.strict && idle.length > 0) throw pluginIdle(idle);

    const recipe = generationRecipe(parts, settings, reports);
    const decoded = imagesOf(sample, (image) => recipeText({ ...recipe, image }), pasted);
    for (const [i, { nonFinite }] of decoded.entries()) if (nonFinite > 0) warnings.push(pixelsNotFinite(i, nonFinite));
    const asked = askedFunctions();
    const placed = [...models, ...asked.functions].flatMap(({ name, fallback }) =>
      fallback ? [[name, fallback.counts] as const] : [],
    );
    const report: Report = {
      seed: settings.seed,
      seconds: watch.seconds(),
      plugins: reports,
      ...(steered.length > 0 ? { controlnets: steered } : {}),
      keptBytes: hooks.account.peakKeptBytes,
      encodings: encodings(),
      ...(placed.length > 0 ? { cpuNodes: Object.fromEntries(placed) } : {}),
      ...reportCopies(copies),
      ...(loras ? { loras: loras.reports } : {}),
      warnings: [
        ...warnings,
        ...asked.warnings,
        ...idleControlNets(steered),
        ...unmeasured(reports),
        ...idlePlugins(reports),
      ].map(printable),
      notes: [
        ...parts.notes,
        ...asked.notes,
        ...settingNotes(family.settings, settings),
        ...(encoded.notes ?? []),
        ...lateNotes(late, { scheduler: choice.className, pipeline: family.className }),
      ].map(printable),
    };
    return { images: decoded.map(({ image }) => image), latents, report, recipe };
  }
}
