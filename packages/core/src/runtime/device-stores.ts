import type { InferenceSession } from "onnxruntime-node";
import { deviceMemories } from "./device-memory";
import { DeviceStore } from "./device-store";
import type { OrtSessions } from "./ort-sessions";
import type { WorkerValues } from "./worker-values";

/** The memories of devices that are in use, by device. */
export class DeviceStores {
  private readonly stores = new Map<string, DeviceStore>();

  constructor(
    private readonly values: WorkerValues,
    private readonly sessions: OrtSessions,
  ) {}

  /** @param options of small models @returns nothing where tensors come to main memory after each run */
  of(device: string, options: () => InferenceSession.SessionOptions): DeviceStore | undefined {
    const memory = deviceMemories.get(device);
    if (!memory || this.stores.has(device)) return this.stores.get(device);
    const store = new DeviceStore(memory, options());
    this.stores.set(device, store);
    return store;
  }

  /** After sessions were closed: what is left on devices that nothing is open on any more. */
  async closeIdle(): Promise<void> {
    for (const [device, store] of this.stores)
      if (!this.values.isOn(store) && !this.sessions.hasAny(device)) await store.close();
  }

  /** Closes all that a device has, which failed. Its tensors first: the last session takes what they lie in with it. */
  async drop(device: string): Promise<void> {
    const store = this.stores.get(device);
    if (store) this.values.lose(store);
    await store?.close();
    await this.sessions.drop(device);
  }
}
