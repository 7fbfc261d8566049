import { add, type DeviceTensor, meanAbs, subtract, type Tensors } from "@skipstep/core/plugin";
import { TaylorSeries } from "./taylor-series";

/**
 * What a region added to its streams when it was last computed, to be added again at steps that skip it. A value that
 * leaves it and is no stream is remembered as it is. For plugins: one a region, and a run.
 */
export class StreamResiduals {
  private readonly series = new Map<string, TaylorSeries>();
  private shape = "";
  private isReady = false;
  private finite: Promise<boolean> | undefined;

  /** @param order of TaylorSeer's derivatives; 0 repeats what was added last @param delay as `TaylorSeries` has it */
  constructor(
    private readonly order = 0,
    private readonly delay = 0,
  ) {}

  /** Whether something is remembered of the last computed step, and of this size. */
  fits({ hidden }: Tensors): boolean {
    return this.isReady && this.shape === hidden?.shape.join();
  }

  /** Whether all of `hidden`'s is finite: a model that broke once is not to be repeated. */
  async isFinite(step: number): Promise<boolean> {
    this.finite ??= this.series
      .get("hidden")!
      .approximate(step)
      .then(meanAbs)
      .then((mean) => Number.isFinite(mean));
    return this.finite;
  }

  /** Before the region is computed: lets go of what `learn` will not look at, so that the model has the room. */
  prepare(inputs: Tensors): void {
    if (this.fits(inputs)) for (const series of this.series.values()) series.prepare();
    else this.release();
    this.isReady = false;
  }

  /** Takes what a computed region made of its inputs. */
  async learn(inputs: Tensors, outputs: Tensors, step: number): Promise<void> {
    this.shape = inputs.hidden?.shape.join() ?? "";
    this.finite = undefined;
    this.isReady = true;
    await mapAll(Object.entries(outputs), async (name, output) => {
      const series = this.series.get(name) ?? new TaylorSeries(this.order, this.delay);
      this.series.set(name, series);
      const input = inputs[name];
      await series.update(input ? await subtract(output, input) : output, step);
      return output;
    });
  }

  /** The region's outputs at a step that skips it. */
  async reuse(inputs: Tensors, step: number): Promise<Tensors> {
    return mapAll(this.series, async (name, series) => {
      const residual = await series.approximate(step);
      const input = inputs[name];
      return input ? add(input, residual) : residual;
    });
  }

  /** Lets go of everything. */
  release(): void {
    for (const series of this.series.values()) series.release();
    this.series.clear();
    this.isReady = false;
  }
}

/** All at once: the runtime's thread works through them without waiting for this one. */
async function mapAll<Given>(
  given: Iterable<readonly [string, Given]>,
  change: (name: string, given: Given) => Promise<DeviceTensor>,
): Promise<Tensors> {
  const changed = [...given].map(async ([name, value]) => [name, await change(name, value)] as const);
  return Object.fromEntries(await Promise.all(changed));
}
