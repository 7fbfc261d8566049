import { Tensor as OrtTensor } from "onnxruntime-node";
import type { DeviceSession } from "./device-memory";
import type { DeviceStore } from "./device-store";
import { arrays, type Copied, type WireType } from "./protocol";

/** Where a tensor lies: in main memory, on a device, or both. */
interface Value {
  main?: OrtTensor;
  device?: OrtTensor;
  /** Where `device` lies, and the session that made it. */
  store?: DeviceStore;
  session?: DeviceSession | undefined;
  /** Whether a run on a device has read it from main memory. */
  isFed?: boolean;
}

/** The runtime's tensors by their ids. Copies between main memory and devices are made when something needs them. */
export class WorkerValues {
  private readonly values = new Map<number, Value>();
  private copied: { toDevice: number; toMain: number } | undefined;

  /** Takes in a tensor that a run gave, or that was brought. */
  put(id: number, tensor: OrtTensor, store?: DeviceStore, session?: DeviceSession): void {
    if (store && tensor.location !== "cpu") this.values.set(id, { device: tensor, store, session });
    else {
      this.values.set(id, { main: tensor });
      if (store) this.count("toMain", tensor);
    }
  }

  /** In main memory already, and so to be had without waiting: most tensors are. */
  here(id: number): OrtTensor | undefined {
    return this.values.get(id)?.main;
  }

  /** What a session is fed. @param store of the session's device, where it has one */
  async feed(id: number, store: DeviceStore | undefined): Promise<OrtTensor> {
    if (!store) return this.inMain(id);
    const value = this.valueOf(id);
    if (value.device && value.store === store) return value.device;
    const main = await this.inMain(id);
    this.count("toDevice", main);
    // The run itself copies what is read once. Integers are often read in main memory there, too.
    const stays = value.isFed === true && main.type === "float32";
    value.isFed = true;
    if (stays) Object.assign(value, { device: await store.upload(main), store });
    return value.device ?? main;
  }

  /** In main memory, where it stays as well from now on. */
  async inMain(id: number): Promise<OrtTensor> {
    const value = this.valueOf(id);
    value.main ??= await this.download(value);
    return value.main;
  }

  /** Its elements, of which the caller is the owner. */
  async read(id: number): Promise<OrtTensor> {
    const value = this.valueOf(id);
    if (!value.main) return this.download(value);
    const { type, data, dims } = value.main;
    return new OrtTensor(type as "float32", (data as Float32Array).slice(), dims);
  }

  shapeOf(id: number): readonly number[] {
    const { main, device } = this.valueOf(id);
    return (main ?? device)!.dims;
  }

  /** Where the first of these lies that is not in main memory. */
  storeOf(ids: readonly number[]): DeviceStore | undefined {
    for (const id of ids) {
      const { main, store } = this.valueOf(id);
      if (!main) return store;
    }
    return undefined;
  }

  /** Whether something lies on a device. */
  isOn(store: DeviceStore): boolean {
    return [...this.values.values()].some((value) => value.store === store);
  }

  drop(ids: readonly number[]): void {
    for (const id of ids) {
      this.values.get(id)?.device?.dispose();
      this.values.delete(id);
    }
  }

  /** Before a session is released: what it made is copied, for its memory is the session's. */
  async leave(session: DeviceSession): Promise<void> {
    for (const [id, value] of this.values) {
      if (value.session !== session) continue;
      const made = value.device!;
      const copy = await value.store!.upload(made).catch(() => undefined); // its device may be lost
      made.dispose();
      if (copy) this.values.set(id, { ...value, device: copy, session: undefined });
      else this.values.delete(id);
    }
  }

  /** Lets go of all that lies on a device, which is lost. */
  lose(store: DeviceStore): void {
    for (const [id, value] of this.values) {
      if (value.store !== store) continue;
      value.device!.dispose();
      if (value.main) this.values.set(id, { main: value.main });
      else this.values.delete(id);
    }
  }

  /** Counts a few bytes that were read for a number. */
  countRead(bytes: number): void {
    this.count("toMain", bytes);
  }

  /** Copies since this was asked last; nothing where there was none. */
  takeCopied(): Copied | undefined {
    const { copied } = this;
    this.copied = undefined;
    return copied;
  }

  private async download({ device, store }: Value): Promise<OrtTensor> {
    if (device!.size === 0)
      return new OrtTensor(device!.type as "float32", new arrays[device!.type as "float32"](0), device!.dims);
    this.count("toMain", device!);
    return store!.download(device!);
  }

  private valueOf(id: number): Value {
    const value = this.values.get(id);
    if (!value) throw new Error("a tensor that it needs could not be made");
    return value;
  }

  private count(way: keyof Copied, what: OrtTensor | number): void {
    this.copied ??= { toDevice: 0, toMain: 0 };
    this.copied[way] += typeof what === "number" ? what : what.size * arrays[what.type as WireType].BYTES_PER_ELEMENT;
  }
}
