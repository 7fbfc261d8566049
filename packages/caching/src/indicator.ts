import { type DeviceTensor, relativeL1 } from "@skipstep/core/plugin";

/**
 * A tensor by whose change from step to step a plugin judges how far the model moved, such as the first block's
 * residual. For plugins: one a tensor that is followed, and a run.
 */
export class Indicator {
  private before: DeviceTensor | undefined;

  /**
   * How far it moved since it was last kept: `sum |before - now| / sum |before|`.
   * @returns NaN or Infinity where all was zero; `undefined` where nothing was kept, or a tensor of another shape
   */
  async change(now: DeviceTensor): Promise<number | undefined> {
    return this.before?.shape.join() === now.shape.join() ? relativeL1(this.before, now) : undefined;
  }

  /** Keeps a tensor for later steps, in place of the one before. */
  keep(now: DeviceTensor): void {
    this.release();
    this.before = now.keep();
  }

  /** Lets go of what was kept. */
  release(): void {
    this.before?.release();
    this.before = undefined;
  }
}
