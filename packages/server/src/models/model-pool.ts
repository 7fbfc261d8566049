import { totalmem } from "node:os";
import {
  type CheckedConfig,
  type CreateOptions,
  type GenerateRequest,
  type Inspection,
  inspectConfig,
  openPipeline,
  type Pipeline,
  type PluginUse,
  validateConfig,
} from "@skipstep/core";
import { defined } from "../defined";
import { ApiError } from "../http/api-error";
import type { ServedConfig, ServerOptions } from "../options";

/** A config that was checked, and its pipeline when it is open. */
export interface ServedModel {
  readonly id: string;
  readonly checked: CheckedConfig;
  /** Made once: it builds every graph. */
  readonly inspection: Inspection;
  readonly isOpen: boolean;
}

interface Entry extends ServedModel {
  pipeline?: Pipeline;
  /** Of its plugins, as they were asked for. */
  plugins: string;
  usedAt: number;
}

type Watching = Pick<GenerateRequest, "signal" | "onProgress">;

/** Models by id: opened when somebody asks, and closed when others need the memory, those first that were not asked for longest. */
export class ModelPool {
  private opening: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly entries: ReadonlyMap<string, Entry>,
    private readonly most: number,
    private readonly options: Pick<CreateOptions, "cacheDir" | "threads">,
  ) {}

  /**
   * Checks all configs; no weights are read.
   * @param memoryGb that of the machine when left out
   * @throws what `validateConfig` throws
   */
  static async of(
    configs: readonly ServedConfig[],
    { memoryGb, cacheDir, threads }: Pick<ServerOptions, "memoryGb" | "cacheDir" | "threads">,
  ): Promise<ModelPool> {
    const entries = new Map<string, Entry>();
    for (const { id, config, overrides = [] } of configs) {
      const checked = await validateConfig(config, { overrides });
      entries.set(id, {
        id,
        checked,
        inspection: inspectConfig(checked),
        plugins: "",
        usedAt: 0,
        get isOpen() {
          return this.pipeline !== undefined;
        },
      });
    }
    return new ModelPool(entries, (memoryGb ?? totalmem() / 1e9) * 1e9, defined({ cacheDir, threads }));
  }

  get models(): readonly ServedModel[] {
    return [...this.entries.values()];
  }

  /** @param id the first model when left out @throws ApiError 404 */
  get(id: string | undefined): ServedModel {
    const entry = id === undefined ? this.entries.values().next().value : this.entries.get(id);
    if (entry) return entry;
    const names = [...this.entries.keys()].map((name) => `"${name}"`).join(", ");
    throw new ApiError(
      404,
      "model_not_found",
      `No model is called ${JSON.stringify(id)}. There are: ${names}.`,
      "model",
    );
  }

  /** The model's pipeline with these plugins, opened where it is not: one after the other, where several ask. */
  async open(id: string, plugins: readonly PluginUse[] | undefined, watching: Watching): Promise<Pipeline> {
    const before = this.opening;
    const opened = before.then(() => this.openNext(id, plugins, watching));
    this.opening = opened.catch(() => undefined); // told to whoever asked
    return unlessAborted(opened, watching.signal);
  }

  private async openNext(id: string, plugins: readonly PluginUse[] | undefined, watching: Watching): Promise<Pipeline> {
    const entry = this.get(id) as Entry;
    entry.usedAt = performance.now();
    const pipeline = entry.pipeline ?? (await this.openAnew(entry, watching));
    const wanted = plugins ?? entry.checked.config.plugins;
    const key = JSON.stringify(wanted);
    if (entry.plugins !== key) {
      await pipeline.setPlugins(wanted, watching);
      entry.plugins = key;
    }
    return pipeline;
  }

  /** Closes a model's pipeline; the next request opens it anew. */
  async forget(id: string): Promise<void> {
    await this.release(this.get(id) as Entry);
  }

  async close(): Promise<void> {
    for (const entry of this.entries.values()) await this.release(entry);
  }

  private async openAnew(entry: Entry, watching: Watching): Promise<Pipeline> {
    const open = (): Entry[] => [...this.entries.values()].filter(({ pipeline }) => pipeline);
    const held = (): number => open().reduce((sum, { inspection }) => sum + inspection.estimatedMemory, 0);
    while (open().length > 0 && held() + entry.inspection.estimatedMemory > this.most)
      await this.release(open().reduce((least, other) => (other.usedAt < least.usedAt ? other : least)));
    const pipeline = await openPipeline(entry.checked, { ...this.options, ...defined(watching) });
    entry.pipeline = pipeline;
    entry.plugins = JSON.stringify(entry.checked.config.plugins);
    return pipeline;
  }

  private async release(entry: Entry): Promise<void> {
    const { pipeline } = entry;
    delete entry.pipeline;
    await pipeline?.close();
  }
}

/** One that waits for another's opening is told at once that it is cancelled. */
async function unlessAborted<Value>(value: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return value;
  signal.throwIfAborted();
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true, signal: over.signal });
  });
  return Promise.race([value, aborted]).finally(() => over.abort());
}
