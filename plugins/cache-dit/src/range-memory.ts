import { add, type DeviceTensor, subtract, type Tensors } from "@skipstep/core/plugin";
import { type Calibrator, createCalibrator, isCalibrated } from "./calibrator";
import type { CacheDitOptions } from "./options";
import type { RunState } from "./run-state";

/** What stands in the report in place of a difference: reused without looking, and of another size. */
const unmeasured = -1;
const otherShape = -2;

/** What is looked at to decide for a range of blocks. */
export interface Look {
  readonly state: RunState;
  readonly step: number;
  readonly threshold: number;
  /** Of the streams, or of all that enters the range. */
  readonly shape: readonly number[];
  /** What is compared: made when it is needed, once. */
  indicator(): Promise<DeviceTensor>;
  measure(before: DeviceTensor): Promise<number>;
  record(difference: number): void;
}

/** What a run remembers of a range of blocks: of the last pass that computed it. */
export class RangeMemory {
  private readonly calibrators = new Map<string, Calibrator>();
  private indicator: DeviceTensor | undefined;
  private shape = "";

  constructor(private readonly options: CacheDitOptions) {}

  /** Whether the range is reused. */
  async decide({ state, step, threshold, shape, measure, record }: Look): Promise<boolean> {
    const verdict = this.calibrators.size === 0 ? "compute" : state.verdict(step, threshold);
    if (verdict === "compute") return false;
    if (this.shape !== shape.join()) {
      record(otherShape);
      return false;
    }
    if (verdict === "always") record(unmeasured);
    if (verdict !== "measure") return true;
    const difference = await measure(this.indicator!);
    record(difference);
    state.measured(step, difference);
    return difference < threshold; // not a number, as after a residual of zeros, is not
  }

  /**
   * Before the range is computed: lets go of what that replaces, and keeps what the next step is compared with.
   * @returns whether a later step needs what is computed
   */
  async renew({ state, step, shape, indicator }: Look): Promise<boolean> {
    this.indicator?.release();
    this.indicator = undefined;
    const ahead = state.ahead(step);
    if (ahead === "measure") this.indicator = (await indicator()).keep();
    const extrapolates = ["hidden", "encoder"].some((stream) => isCalibrated(this.options, stream));
    const isNeeded = extrapolates ? state.reusesLater(step) : ahead !== "compute";
    if (isNeeded && this.shape === shape.join())
      for (const calibrator of this.calibrators.values()) calibrator.prepare();
    else this.releaseStreams();
    this.shape = shape.join();
    return isNeeded;
  }

  /** Takes what a computed pass made of its inputs. */
  async learn(inputs: Tensors, outputs: Tensors, step: number): Promise<void> {
    const learning = Object.entries(outputs).map(async ([stream, output]) => {
      const calibrator = this.calibrators.get(stream) ?? createCalibrator(this.options, stream);
      this.calibrators.set(stream, calibrator);
      const input = this.residualOf(stream, inputs);
      await calibrator.update(input ? await subtract(output, input) : output, step);
    });
    await Promise.all(learning);
  }

  /** The range's outputs at a step that is not computed. */
  async reuse(inputs: Tensors, step: number): Promise<Tensors> {
    const reusing = [...this.calibrators].map(async ([stream, calibrator]) => {
      const input = this.residualOf(stream, inputs);
      const value = await calibrator.approximate(step);
      return [stream, input ? await add(input, value) : value] as const;
    });
    return Object.fromEntries(await Promise.all(reusing));
  }

  release(): void {
    this.indicator?.release();
    this.indicator = undefined;
    this.releaseStreams();
  }

  private releaseStreams(): void {
    for (const calibrator of this.calibrators.values()) calibrator.release();
    this.calibrators.clear();
  }

  /** What a stream's residual is added to; none where the stream is remembered as it leaves the range. */
  private residualOf(stream: string, inputs: Tensors): DeviceTensor | undefined {
    const whole = isCalibrated(this.options, stream) && this.options.calibrator_cache_type === "hidden_states";
    return whole ? undefined : inputs[stream];
  }
}
