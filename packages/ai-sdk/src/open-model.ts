import { basename, extname } from "node:path";
import { type ConfigInput, type CreateOptions, createPipeline, type Pipeline } from "@skipstep/core";

/** How pipelines are opened. */
export type OpenOptions = Pick<CreateOptions, "cacheDir" | "threads" | "folder">;

/** A config whose pipeline is opened when it is needed, once for calls at the same time. */
export class OpenModel {
  private opening: Promise<Pipeline> | undefined;

  constructor(
    private readonly config: string | ConfigInput,
    private readonly options: OpenOptions,
  ) {}

  /** The config file's name, or the model's folder. */
  get id(): string {
    const name = typeof this.config === "string" ? this.config : (this.config.model ?? "model");
    return name.startsWith("hf:") ? name : basename(name, extname(name));
  }

  pipeline(): Promise<Pipeline> {
    const opening = this.opening ?? createPipeline(this.config, this.options);
    this.opening = opening;
    opening.catch(() => {
      if (this.opening === opening) this.opening = undefined; // the next call tries again
    });
    return opening;
  }

  async close(): Promise<void> {
    const { opening } = this;
    this.opening = undefined;
    const pipeline = await opening?.catch(() => undefined);
    await pipeline?.close();
  }
}
