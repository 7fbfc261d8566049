import { InferenceSession } from "onnxruntime-node";
import type { DeviceSession } from "./device-memory";
import type { DeviceStore } from "./device-store";

/** A model that somebody opened and did not close. */
interface OpenModel {
  /** Its path, or all of it: a model that is there only to keep its device ready. */
  readonly model: string | Uint8Array;
  readonly device: string;
  readonly options: InferenceSession.SessionOptions;
  /** Where its outputs stay, unless they come to main memory. */
  readonly store: DeviceStore | undefined;
  /** Nothing while its device is not there: opened again by the next run. */
  session: DeviceSession | undefined;
}

/** ONNX Runtime's sessions by id. Those of a device come and go with it. */
export class OrtSessions {
  private readonly models = new Map<number, OpenModel>();

  /** @param device in the config's words: `webgpu`, `cuda:1` */
  async open(
    id: number,
    model: OpenModel["model"],
    device: string,
    options: InferenceSession.SessionOptions,
    store?: DeviceStore,
  ): Promise<DeviceSession> {
    const session = await create({ model, options, store });
    this.models.set(id, { model, device, options, store, session });
    return session;
  }

  /** The session for a run; opens it again where its device was lost meanwhile. */
  async take(id: number): Promise<DeviceSession> {
    const wanted = this.models.get(id)!;
    if (!wanted.session) {
      const ready = [...this.models.values()].filter(
        ({ model, device }) => typeof model !== "string" && device === wanted.device,
      );
      for (const model of [...ready, wanted]) model.session ??= await create(model);
    }
    return wanted.session!;
  }

  /** Where the outputs of a model stay, unless they come to main memory. */
  storeOf(id: number): DeviceStore | undefined {
    return this.models.get(id)?.store;
  }

  /** Whether something on a device is open. */
  hasAny(device: string): boolean {
    return [...this.models.values()].some((model) => model.device === device);
  }

  deviceOf(id: number): string | undefined {
    return this.models.get(id)?.device;
  }

  /** The device of all models that are not on the CPU, where it is one. */
  get accelerator(): string | undefined {
    const devices = new Set([...this.models.values()].map(({ device }) => device).filter((device) => device !== "cpu"));
    return devices.size === 1 ? [...devices][0] : undefined;
  }

  /** Closes all sessions of a device: ONNX Runtime lets go of a device with the last one, and the next gets a new one. */
  async drop(device: string): Promise<void> {
    for (const model of this.models.values()) {
      if (model.device !== device) continue;
      const { session } = model;
      model.session = undefined;
      await session?.release().catch(() => undefined); // it may be what is broken
    }
  }

  /** @param leave done before a session goes */
  async close(id: number, leave: (session: DeviceSession) => Promise<void>): Promise<void> {
    const session = this.models.get(id)?.session; // none where opening failed
    this.models.delete(id);
    if (session) await leave(session);
    await session?.release();
  }
}

function create({ model, options, store }: Pick<OpenModel, "model" | "options" | "store">): Promise<DeviceSession> {
  if (store) return store.open(model, options);
  return typeof model === "string" ? InferenceSession.create(model, options) : InferenceSession.create(model, options);
}
