import { combine, combineItems, type DeviceTensor, dot, meanAbs, sizeOf, slice } from "@skipstep/core/plugin";
import { Matrix } from "ml-matrix";
import type { Calibrator } from "./calibrator";
import { type FitOptions, type Forecast, fitModes } from "./dmd-fit";

/** Snapshots that a fit needs: one oscillation takes three pairs of them. Below, the last ones make a slope. */
const fewest = 4;
const ofSlope = 3;

interface Snapshot {
  readonly step: number;
  readonly value: DeviceTensor;
}

export interface DmdOptions extends FitOptions {
  /** Most snapshots that are kept. */
  readonly history: number;
}

/**
 * Dynamic Mode Decomposition as cache-dit has it: the last computed values, where they are evenly spaced, are continued
 * by growing, fading and swinging modes, for each item of a batch by itself. Before there are four such values it goes on
 * in a line, whose slope is cache-dit's: what the last two differences come to, over the steps of the last one.
 */
export class Dmd implements Calibrator {
  /** The oldest first. */
  private snapshots: readonly Snapshot[] = [];
  private first: number | undefined;
  /** By item of the batch, for these snapshots. */
  private forecasts: Promise<readonly Forecast[]> | undefined;

  /** @param taylorDelay as `TaylorSeries` has it */
  constructor(
    private readonly options: DmdOptions,
    private readonly taylorDelay: number,
  ) {}

  prepare(): void {
    this.keep(this.snapshots.slice(-(this.options.history - 1)));
  }

  async update(value: DeviceTensor, step: number): Promise<void> {
    this.prepare();
    this.first ??= step;
    this.forecasts = undefined;
    const known = [...this.snapshots, { step, value: value.keep() }];
    // What lies before a change of the spacing is never fitted.
    const kept = Math.max(evenTail(known).length, ofSlope);
    this.keep(known.slice(-kept));
  }

  async approximate(step: number): Promise<DeviceTensor> {
    const snapshots = evenTail(this.snapshots);
    if (snapshots.length < fewest) return this.continueLine(step);
    const [before, newest] = snapshots.slice(-2) as [Snapshot, Snapshot];
    this.forecasts ??= this.fit(snapshots.map(({ value }) => value));
    const spacings = (step - newest.step) / (newest.step - before.step);
    const coefficients = (await this.forecasts).map((forecast) => forecast(spacings));
    if (coefficients.flat().some((one) => !Number.isFinite(one))) return newest.value;
    const later = snapshots.slice(1).map(({ value }) => value);
    const forecast =
      coefficients.length === 1 ? await combine(coefficients[0]!, later) : await combineItems(coefficients, later);
    return Number.isFinite(await meanAbs(forecast)) ? forecast : newest.value;
  }

  release(): void {
    this.keep([]);
    this.first = undefined;
    this.forecasts = undefined;
  }

  private async continueLine(step: number): Promise<DeviceTensor> {
    const [newest, before, earlier] = this.snapshots.slice(-ofSlope).reverse();
    if (!earlier || newest!.step - this.first! <= this.taylorDelay) return newest!.value;
    const slope = (step - newest!.step) / (newest!.step - before!.step);
    return combine([1 + slope, -slope], [newest!.value, earlier.value]);
  }

  private async fit(values: readonly DeviceTensor[]): Promise<Forecast[]> {
    const [batch, ...item] = values[0]!.shape.length > 1 ? values[0]!.shape : [1, ...values[0]!.shape];
    const fits: Forecast[] = [];
    for (let i = 0; i < batch!; i++) {
      const items = await Promise.all(values.map((value) => (batch === 1 ? value : slice(value, 0, i, i + 1))));
      fits.push(fitOne(await dotProducts(items), sizeOf(item), this.options));
    }
    return fits;
  }

  /** Lets go of the others. */
  private keep(snapshots: readonly Snapshot[]): void {
    for (const snapshot of this.snapshots) if (!snapshots.includes(snapshot)) snapshot.value.release();
    this.snapshots = snapshots;
  }
}

/** The last ones that lie as far apart as the last two. */
function evenTail(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  const spacing = (i: number): number => snapshots[i]!.step - snapshots[i - 1]!.step;
  const last = snapshots.length - 1;
  let start = last;
  while (start > 0 && spacing(start) === spacing(last)) start--;
  return snapshots.slice(start);
}

/** Numbers that no modes are found for give no numbers. */
function fitOne(products: Matrix, size: number, options: FitOptions): Forecast {
  try {
    return fitModes(products, size, options);
  } catch {
    return () => [Number.NaN];
  }
}

async function dotProducts(tensors: readonly DeviceTensor[]): Promise<Matrix> {
  const products = Matrix.zeros(tensors.length, tensors.length);
  for (const [i, a] of tensors.entries())
    for (const [j, b] of tensors.slice(0, i + 1).entries()) {
      const product = await dot(a, b);
      products.set(i, j, product);
      products.set(j, i, product);
    }
  return products;
}
