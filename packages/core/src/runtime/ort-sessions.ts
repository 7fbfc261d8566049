import { InferenceSession } from "onnxruntime-node";

/** A model that somebody opened and did not close. */
interface OpenModel {
  readonly path: string;
  readonly device: string;
  readonly options: InferenceSession.SessionOptions;
  /** Nothing while its device is not there: opened again by the next run. */
  session: InferenceSession | undefined;
}

/** ONNX Runtime's sessions by id. Those of a device come and go with it. */
export class OrtSessions {
  private readonly models = new Map<number, OpenModel>();

  /** @param device in the config's words: `webgpu`, `cuda:1` */
  async open(id: number, path: string, device: string, options: InferenceSession.SessionOptions) {
    const session = await InferenceSession.create(path, options);
    this.models.set(id, { path, device, options, session });
    return session;
  }

  /** The session for a run; opens it again where its device was lost meanwhile. */
  async take(id: number): Promise<InferenceSession> {
    const model = this.models.get(id)!;
    model.session ??= await InferenceSession.create(model.path, model.options);
    return model.session;
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

  async close(id: number): Promise<void> {
    const session = this.models.get(id)?.session; // none where opening failed
    this.models.delete(id);
    await session?.release();
  }
}
