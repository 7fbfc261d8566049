import { type CheckedConfig, openPipeline, type Pipeline } from "@skipstep/core";
import type { Progress } from "../progress";
import type { Drawing } from "./drawing";
import type { Motif } from "./motif";

export interface ContenderOptions {
  readonly threads?: number | undefined;
  readonly cache?: string | undefined;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** A config that is open, to draw against others. */
export class Contender {
  private constructor(
    private readonly pipeline: Pipeline,
    private readonly options: ContenderOptions,
  ) {}

  static async open(config: CheckedConfig, options: ContenderOptions): Promise<Contender> {
    const { threads, cache, signal, progress } = options;
    const pipeline = await openPipeline(config, {
      signal,
      onProgress: (event) => progress.show(event),
      ...(threads === undefined ? {} : { threads }),
      ...(cache === undefined ? {} : { cacheDir: cache }),
    });
    return new Contender(pipeline, options);
  }

  /** @param part how far the command is: `3/8` */
  async draw({ request }: Motif, part: string): Promise<Drawing> {
    const { signal, progress } = this.options;
    const { images, report, recipe } = await this.pipeline.generate({
      ...request,
      signal,
      onProgress: (event) => progress.show(event, part),
    });
    return { image: images[0]!, report, recipe };
  }

  close(): Promise<void> {
    return this.pipeline.close();
  }
}

/** Opens all, one after the other, and closes them in any case. */
export async function withContenders<Result>(
  configs: readonly CheckedConfig[],
  options: ContenderOptions,
  body: (contenders: readonly Contender[]) => Promise<Result>,
): Promise<Result> {
  const contenders: Contender[] = [];
  try {
    for (const config of configs) contenders.push(await Contender.open(config, options));
    return await body(contenders);
  } finally {
    for (const contender of contenders) await contender.close();
  }
}
