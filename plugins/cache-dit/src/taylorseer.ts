import { combine, type DeviceTensor } from "@skipstep/core";
import type { Calibrator } from "./calibrator";

/**
 * TaylorSeer, https://arxiv.org/abs/2503.06923: a Taylor series around the last computed step, with divided differences
 * for derivatives. As in cache-dit, there are none before the third step after the first computed one.
 */
export class TaylorSeer implements Calibrator {
  /** At the last computed step: the value, its first derivative, ... */
  private derivatives: readonly DeviceTensor[] = [];
  private first: number | undefined;
  private last = 0;

  /** @param order of the highest derivative */
  constructor(private readonly order: number) {}

  prepare(): void {
    for (const highest of this.derivatives.slice(this.order)) highest.release();
    this.derivatives = this.derivatives.slice(0, this.order);
  }

  async update(value: DeviceTensor, step: number): Promise<void> {
    this.first ??= step;
    const distance = step - this.last;
    const previous = step - this.first > 2 ? this.derivatives : [];
    const derivatives = [value.keep()];
    for (const [i, before] of previous.slice(0, this.order).entries())
      derivatives.push((await combine([1 / distance, -1 / distance], [derivatives[i]!, before])).keep());
    for (const old of this.derivatives) old.release();
    this.derivatives = derivatives;
    this.last = step;
  }

  async approximate(step: number): Promise<DeviceTensor> {
    if (this.derivatives.length === 1) return this.derivatives[0]!;
    return combine(taylorCoefficients(step - this.last, this.derivatives.length), this.derivatives);
  }

  release(): void {
    for (const old of this.derivatives) old.release();
    this.derivatives = [];
    this.first = undefined;
  }
}

/** `distance^i / i!` for i from 0 to `count - 1`. */
export function taylorCoefficients(distance: number, count: number): number[] {
  const coefficients = [1];
  for (let i = 1; i < count; i++) coefficients.push((coefficients[i - 1]! * distance) / i);
  return coefficients;
}
