import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ConfigInput,
  createPipeline,
  type GenerateConfig,
  type GenerateResult,
  type Pipeline,
  type PluginReport,
  validateConfig,
} from "@skipstep/core";
import { type AnyManifest, manifestOf, type PluginClass } from "@skipstep/core/plugin";
import type { ContractOptions } from "./contract-options";
import { fail } from "./failure";
import { float32Model } from "./float32-model";
import { type RandomControlNet, writeControlNet } from "./random-control-net";

/** How a pipeline is put together around the plugin. */
export interface Setup {
  /** The plugin's options; `undefined` leaves the plugin out. */
  readonly options: object | undefined;
  /** The config's own when left out. */
  readonly guidance?: "batch" | "separate";
  readonly strict?: boolean;
  /** Whether a ControlNet steers the model. */
  readonly controlled?: boolean;
  /** Plugins around this one. */
  readonly outer?: readonly PluginClass[];
}

/** What is tried in a pipeline that has generated before. @returns true where its last generation was the usual one */
export type Statement = (pipeline: Pipeline, beganAsUsual: boolean) => Promise<unknown>;

/** For the life of the process, which models are taken to outlast. */
const resultsOfModels = new Map<string, Promise<unknown>>();

const failed = (error: unknown): { readonly error: unknown } => ({ error });

const ownModel = fileURLToPath(new URL("../models/z-image", import.meta.url));
const ownRequest: GenerateConfig = { prompt: "a red heart", guidance_scale: 3, height: 64, width: 64 };

/** A plugin with what its contract says, and the pipelines that are opened to try it. */
export class PluginUnderTest {
  readonly manifest: AnyManifest | undefined;
  /** What is generated where a check says nothing else. */
  readonly request: GenerateConfig;
  private readonly pipelines: Pipeline[] = [];
  /** By setup: those that have generated what is usual, and go on. */
  private readonly used = new Map<string, Pipeline>();
  /** Of those, the ones whose last generation was the usual one. */
  private readonly usual = new WeakSet<Pipeline>();
  private readonly results = new Map<string, Promise<GenerateResult>>();
  private plainPipeline: Promise<Pipeline> | undefined;
  private folder: string | undefined;
  private net: { readonly made: RandomControlNet | undefined } | undefined;

  constructor(
    readonly plugin: PluginClass,
    readonly options: ContractOptions<object>,
  ) {
    this.manifest = manifestOf(plugin);
    this.request = { num_inference_steps: 8, seed: 1, ...(options.generate ?? ownRequest) };
  }

  get name(): string {
    return this.manifest?.name ?? this.plugin.name;
  }

  /** The options with which the plugin does most. */
  get mainOptions(): object {
    return this.options.active ?? this.options.exact ?? {};
  }

  /** Of random weights; none where the model's family takes none. */
  async controlNet(): Promise<RandomControlNet | undefined> {
    this.net ??= {
      made: writeControlNet(await validateConfig(this.config({ options: undefined })), this.controlNetFolder),
    };
    return this.net.made;
  }

  private get controlNetFolder(): string {
    return join(this.temporaryFolder(), "controlnet");
  }

  config({ options, guidance: wanted, strict = false, controlled = false, outer = [] }: Setup): ConfigInput {
    const { model = this.ownModel(), config = {} } = this.options;
    const guidance = wanted ?? config.guidance ?? "batch";
    const nets = controlled ? { components: { controlnet: this.controlNetFolder } } : {};
    const plugins = [...outer, ...(options === undefined ? [] : [{ use: this.plugin, options }])];
    return { ...config, ...nets, model, plugins, generate: this.request, guidance, strict };
  }

  /** A plugin that stores weights is given some that show it. */
  private ownModel(): string {
    return "weightLoad" in (this.plugin.prototype ?? {}) ? float32Model(ownModel) : ownModel;
  }

  /** A new pipeline, open until `close`. */
  async open(setup: Setup): Promise<Pipeline> {
    const cacheDir = this.options.cacheDir ?? this.temporaryFolder();
    // One thread: sums are made in one order, and a model this small is not faster with more.
    const pipeline = await createPipeline(this.config(setup), { cacheDir, threads: 1 });
    this.pipelines.push(pipeline);
    return pipeline;
  }

  /** What comes out without the plugin. */
  plain(request: GenerateConfig = {}): Promise<GenerateResult> {
    return this.withoutPlugin("plain", request, async () => {
      this.plainPipeline ??= this.open({ options: undefined });
      return (await this.plainPipeline).generate(request);
    });
  }

  /** What comes out of a new pipeline that has done nothing before. */
  fresh(request: GenerateConfig = {}, setup: Setup = { options: this.mainOptions }): Promise<GenerateResult> {
    const generate = async (): Promise<GenerateResult> => {
      const pipeline = await this.open(setup);
      const result = await pipeline.generate(request);
      if (Object.keys(request).length === 0 && !setup.outer) {
        this.used.set(this.keyOf(setup), pipeline);
        this.usual.add(pipeline);
      } else await pipeline.close();
      return result;
    };
    return setup.outer ? generate() : this.once([this.keyOf(setup), request], generate);
  }

  /**
   * Tries a statement in a pipeline that has generated before: if the plugin forgets, it is as good as a new one, which
   * takes longer to open than to run. Where the statement fails, a new one decides, so that none is blamed for another's.
   * @param statement told whether the last generation before was the usual one; says whether its own was
   */
  async inUse(statement: Statement, setup: Setup = { options: this.mainOptions }): Promise<void> {
    await this.fresh({}, setup);
    const key = this.keyOf(setup);
    const before = this.used.get(key);
    const failure = before && (await this.tryIn(before, statement).then(() => undefined, failed));
    if (before && !failure) return;
    this.used.delete(key);
    await before?.close();
    const pipeline = await this.open(setup);
    await this.tryIn(pipeline, statement);
    if (failure) throw failure.error;
    this.used.set(key, pipeline);
  }

  private async tryIn(pipeline: Pipeline, statement: Statement): Promise<void> {
    const endsAsUsual = await statement(pipeline, this.usual.delete(pipeline));
    if (endsAsUsual === true) this.usual.add(pipeline);
  }

  /** What comes of a model without the plugin is the same for all plugins that are tried on it. */
  withoutPlugin<Result>(what: string, request: GenerateConfig, make: () => Promise<Result>): Promise<Result> {
    const key = JSON.stringify([what, this.config({ options: undefined }), request]);
    const known = (resultsOfModels.get(key) as Promise<Result> | undefined) ?? make();
    resultsOfModels.set(key, known);
    return known;
  }

  /** Path of an image of the model's own. */
  async picture(): Promise<string> {
    const path = join(this.temporaryFolder(), "picture.png");
    await writeFile(path, await (await this.plain()).images[0]!.toPng());
    return path;
  }

  /** What the report says of this plugin. */
  reportOf({ report }: GenerateResult): PluginReport {
    return report.plugins.find(({ name }) => name === this.name) ?? fail(`The report says nothing of "${this.name}".`);
  }

  async close(): Promise<void> {
    await Promise.all(this.pipelines.map((pipeline) => pipeline.close()));
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
  }

  private temporaryFolder(): string {
    this.folder ??= mkdtempSync(join(tmpdir(), "skipstep-contract-"));
    return this.folder;
  }

  private keyOf(setup: Setup): string {
    return JSON.stringify(this.config(setup)); // the plugin's class is the same in all
  }

  private once(key: unknown, make: () => Promise<GenerateResult>): Promise<GenerateResult> {
    const text = JSON.stringify(key);
    const known = this.results.get(text) ?? make();
    this.results.set(text, known);
    return known;
  }
}
