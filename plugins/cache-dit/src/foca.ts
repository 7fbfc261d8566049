import { combine, type DeviceTensor } from "@skipstep/core/plugin";
import type { Calibrator } from "./calibrator";

/**
 * FoCa as cache-dit has it: Heun's rule from the last computed value, with the mean of two differences, that of the
 * last two computed values and that of the last two values of any kind. Neither is divided by the steps between.
 */
export class FoCa implements Calibrator {
  /** The last two computed values. */
  private anchor: DeviceTensor | undefined;
  private formerAnchor: DeviceTensor | undefined;
  /** The last two values, computed or predicted. */
  private latest: DeviceTensor | undefined;
  private formerLatest: DeviceTensor | undefined;
  private last = 0;

  prepare(): void {
    this.formerAnchor?.release();
    this.formerLatest?.release();
    this.formerAnchor = undefined;
    this.formerLatest = undefined;
  }

  async update(value: DeviceTensor, step: number): Promise<void> {
    this.prepare();
    this.formerAnchor = this.anchor;
    this.anchor = value.keep();
    this.advance(value);
    this.last = step;
  }

  async approximate(step: number): Promise<DeviceTensor> {
    const { anchor, formerAnchor, latest, formerLatest } = this;
    if (!formerAnchor || !formerLatest) return anchor!;
    const values = [anchor!, formerAnchor, latest!, formerLatest];
    const prediction = await combine(focaCoefficients(step - this.last), values);
    formerLatest.release();
    this.advance(prediction);
    return prediction;
  }

  release(): void {
    this.prepare();
    this.anchor?.release();
    this.latest?.release();
    this.anchor = undefined;
    this.latest = undefined;
  }

  private advance(value: DeviceTensor): void {
    this.formerLatest = this.latest;
    this.latest = value.keep();
  }
}

/** Of the last computed value, the one before it, the last value of any kind, and the one before that. */
export function focaCoefficients(distance: number): number[] {
  // Beyond three steps the prediction for the third is drawn back to the computed value.
  const slope = distance <= 3 ? distance / 2 : 4.5 / distance;
  return [1 + slope, -slope, slope, -slope];
}
