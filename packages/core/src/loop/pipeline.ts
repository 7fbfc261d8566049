import type { Config, GenerateConfig, PluginUse, SchedulerConfig } from "../config/config";
import { argumentInvalid } from "../errors/arguments";
import { runtimeStopped } from "../errors/runtime";
import { shown } from "../errors/shown";
import type { Image } from "../image/image";
import type { BuildHookRunner } from "../plugins/build-hooks";
import type { LoadedPlugin, PluginHost } from "../plugins/host";
import { checkRequestSettings } from "../plugins/needed-settings";
import type { Encodings } from "../program/encodings";
import type { OpenedComponent } from "../program/opened-component";
import type { Recipe } from "../recipe/recipe";
import type { RecipePlaces } from "../recipe/recipe-config";
import type { Report } from "../report/report";
import type { Runtime } from "../runtime/runtime";
import type { SchedulerChoice } from "../schedulers/scheduler-choice";
import { checkOptions } from "../schema/check-arguments";
import type { Floats } from "../tensor";
import type { RequestLora } from "../weights/lora/lora";
import { type Asked, BatchMembers, batchesOf } from "./batch-members";
import { type BesideLoras, placeLoras } from "./beside-loras";
import { checkRequest } from "./check-request";
import type { FamilyPipeline } from "./family";
import { generateBatch } from "./generate-batch";
import type { LateFunctions } from "./late-functions";
import { type OnProgress, ProgressListener } from "./progress-listener";
import type { RecognisedModel } from "./recognised-model";
import { checkSettings, type RequestExtras, splitRequest } from "./request";
import { seenSettings } from "./seen-settings";

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

/** A request that was checked, before it is known what draws it. */
interface Prepared extends Omit<Asked, "parts" | "loras"> {
  readonly loras: readonly RequestLora[];
  readonly scheduler: SchedulerConfig | undefined;
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
    const [result] = this.draw([this.partsFor(await this.prepare(request))]);
    return result!;
  }

  /**
   * Makes the images of several requests, in one batch those that differ in prompts and seed alone, and the others one
   * after the other: requests with an image, noise or LoRAs of their own, of a pipeline with a plugin that is not
   * `batchInvariant`, of prompts that would have to be filled up, and what does not fit into memory at once. Each image
   * is what `generate` draws, to what rounding in batches of another size comes to.
   *
   * @returns one promise a request, settled by itself: it rejects with what `generate` throws. One that is cancelled
   *   leaves the others, as does one whose `onProgress` or `previews` throws, or whose prompt cannot be read. A batch
   *   that fails is drawn one by one, and tells of its steps again
   */
  generateTogether(requests: readonly GenerateRequest[]): readonly Promise<GenerateResult>[] {
    if (!Array.isArray(requests))
      throw argumentInvalid("generateTogether", [`requests must be a list, found ${shown(requests)}`]);
    const prepared = requests.map((request) => this.prepare(request));
    const drawn = Promise.allSettled(prepared).then((all) => this.drawTogether(all.flatMap(fulfilled)));
    return prepared.map(async (preparing) => (await drawn).get(await preparing)!);
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
    await runtime.idle();
    await runtime.close();
    await progress.settled();
  }

  /** Checks a request, for the plugins that stand now. */
  private async prepare(request: GenerateRequest): Promise<Prepared> {
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
    return { settings, loras, scheduler, signal, previews, progress: new ProgressListener(onProgress) };
  }

  /** What draws it, which may have changed while it was checked: whoever asks for this draws at once. */
  private partsFor({ scheduler, loras, ...checked }: Prepared): Asked {
    const parts = scheduler ? withScheduler(this.parts, scheduler) : this.parts;
    const beside = loras.filter(({ scale }) => scale !== 0);
    return { ...checked, parts, loras: beside.length > 0 ? parts.loras.read(beside) : undefined };
  }

  private drawTogether(all: readonly Prepared[]): ReadonlyMap<Prepared, Promise<GenerateResult>> {
    const results = new Map<Prepared, Promise<GenerateResult>>();
    const prepared = new Map<Asked, Prepared>();
    for (const one of all)
      try {
        prepared.set(this.partsFor(one), one);
      } catch (error) {
        results.set(one, Promise.reject(error));
      }
    for (const batch of batchesOf([...prepared.keys()]))
      for (const [i, result] of this.draw(batch).entries()) results.set(prepared.get(batch[i]!)!, result);
    return results;
  }

  /** @param batch of one key @returns one promise each */
  private draw(batch: readonly Asked[]): Promise<GenerateResult>[] {
    const { parts, loras } = batch[0]!;
    const members = new BatchMembers(batch);
    const { signal, tell } = members;
    const heard = { signal, onProgress: tell };
    const drawn = parts.runtime.generation(
      () =>
        parts.loras.run(loras, heard, (models) => generateBatch({ ...parts, models }, members.all, { signal, loras })),
      { signal, onWait: (wait) => tell?.({ kind: "wait", ...wait }) },
    );
    return members.resultsOf(drawn);
  }
}

function fulfilled<Value>(result: PromiseSettledResult<Value>): Value[] {
  return result.status === "fulfilled" ? [result.value] : [];
}
