import type { DeviceTensor } from "@skipstep/core/plugin";
import type { Calibrator } from "./calibrator";

/** No extrapolation: the value of the last computed step. */
export class LastValue implements Calibrator {
  private value: DeviceTensor | undefined;

  prepare(): void {
    this.release();
  }

  async update(value: DeviceTensor): Promise<void> {
    this.release();
    this.value = value.keep();
  }

  async approximate(): Promise<DeviceTensor> {
    return this.value!;
  }

  release(): void {
    this.value?.release();
    this.value = undefined;
  }
}
