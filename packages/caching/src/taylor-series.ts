import { combine, type DeviceTensor } from "@skipstep/core/plugin";

/**
 * TaylorSeer, https://arxiv.org/abs/2503.06923: continues a tensor over the steps at which it is not computed, by a
 * Taylor series around the last computed step with divided differences for derivatives. Of order 0 it is the last value
 * itself. For plugins: one a stream, and a run.
 */
export class TaylorSeries {
  /** At the last computed step: the value, its first derivative, ... */
  private derivatives: readonly DeviceTensor[] = [];
  private first: number | undefined;
  private last = 0;

  /**
   * @param order of the highest derivative
   * @param delay steps after the first computed one that make no derivative yet: 1 in ParaAttention, 2 in cache-dit
   */
  constructor(
    private readonly order: number,
    private readonly delay: number,
  ) {}

  /** Before a step is computed: lets go of what `update` will not look at, so that the model has the room. */
  prepare(): void {
    for (const highest of this.derivatives.slice(this.order)) highest.release();
    this.derivatives = this.derivatives.slice(0, this.order);
  }

  /** Learns from a computed step. @param value of a computed step, of the shape of those before */
  async update(value: DeviceTensor, step: number): Promise<void> {
    this.first ??= step;
    const distance = step - this.last;
    const previous = step - this.first > this.delay ? this.derivatives : [];
    const derivatives = [value.keep()];
    for (const [i, before] of previous.slice(0, this.order).entries())
      derivatives.push((await combine([1 / distance, -1 / distance], [derivatives[i]!, before])).keep());
    for (const old of this.derivatives) old.release();
    this.derivatives = derivatives;
    this.last = step;
  }

  /** What the value is at a later step. */
  async approximate(step: number): Promise<DeviceTensor> {
    if (this.derivatives.length === 1) return this.derivatives[0]!;
    return combine(taylorCoefficients(step - this.last, this.derivatives.length), this.derivatives);
  }

  /** Lets go of everything. */
  release(): void {
    for (const old of this.derivatives) old.release();
    this.derivatives = [];
    this.first = undefined;
  }
}

/** `distance^i / i!` for i from 0 to `count - 1`. */
function taylorCoefficients(distance: number, count: number): number[] {
  const coefficients = [1];
  for (let i = 1; i < count; i++) coefficients.push((coefficients[i - 1]! * distance) / i);
  return coefficients;
}
