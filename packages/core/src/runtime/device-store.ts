import { type InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { DeviceMemory, DeviceSession } from "./device-memory";
import { type Asked, deviceOperations } from "./device-operations";
import type { WireType } from "./protocol";
import { RunTimes } from "./run-times";
import { SmallModel } from "./small-model";
import type { OperationName } from "./tensor-math";

/** What an operation gave: a tensor on the device, or a number; and the bytes that were read for it. */
export interface Computed {
  readonly tensor: OrtTensor | undefined;
  readonly number: number | undefined;
  readonly seconds: number;
  readonly readBytes: number;
}

/** One provider's memory in use: moves tensors there and back, and computes with those that lie there. */
export class DeviceStore {
  private readonly times = new RunTimes(() => this.wait());
  /** Small models by what they do, and what the provider has no kernels for. */
  private readonly small = new Map<string, Promise<DeviceSession>>();
  private readonly lacking = new Set<string>();
  private pin: OrtTensor | undefined;

  /** @param options of small models */
  constructor(
    private readonly memory: DeviceMemory,
    private readonly options: InferenceSession.SessionOptions,
  ) {}

  /** A model whose outputs stay on the device. */
  async open(model: string | Uint8Array, options: InferenceSession.SessionOptions): Promise<DeviceSession> {
    await this.mover("float32", "device"); // what comes of it may outlive it, and needs a session to be let go of
    return this.memory.open(model, options, "device");
  }

  /** Runs one of them. */
  async run(session: DeviceSession, feeds: Record<string, OrtTensor>, names: readonly string[]) {
    const sizes = Object.values(feeds).map(({ dims }) => dims.join());
    const { result, seconds } = await this.times.time(session, sizes.join(" "), () => session.run(feeds, names));
    return { results: result, seconds };
  }

  /** A copy of a tensor on the device, wherever it lies. */
  async upload(tensor: OrtTensor): Promise<OrtTensor> {
    const mover = await this.mover(tensor.type as WireType, "device");
    return (await mover.run({ x: tensor })).y!;
  }

  async download(tensor: OrtTensor): Promise<OrtTensor> {
    const mover = await this.mover(tensor.type as WireType, "main");
    return (await mover.run({ x: tensor })).y!;
  }

  /** @returns nothing where the provider has no kernels for it */
  async compute(operation: OperationName, operands: readonly OrtTensor[], asked: Asked): Promise<Computed | undefined> {
    const { factors: factorsOf, emit, number } = deviceOperations[operation];
    const factors = factorsOf?.(asked) ?? [];
    const fixed = factorsOf ? factors.map(({ shape }) => shape) : asked.coefficients;
    const kind = `${operation} ${JSON.stringify([asked.shapes, fixed, asked.shape])}`;
    if (this.lacking.has(kind)) return undefined;
    const model = (): Promise<Uint8Array> => {
      const g = new SmallModel();
      const inputs = asked.shapes.map((shape, i) => g.addInput(`x${i}`, "float32", shape));
      const given = factors.map(({ shape }, i) => g.addInput(`f${i}`, "float32", shape));
      return g.finish(emit(g, inputs, asked, given), "float32");
    };
    const session = await this.opened(kind, number ? "main" : "device", model).catch(() => undefined);
    if (!session) {
      this.lacking.add(kind);
      return undefined;
    }
    const feeds: Record<string, OrtTensor> = {};
    for (const [i, tensor] of operands.entries()) feeds[`x${i}`] = tensor;
    for (const [i, { shape, data }] of factors.entries())
      feeds[`f${i}`] = new OrtTensor("float32", Float32Array.from(data), shape);
    const { result, seconds } = await this.times.time(session, "", () => session.run(feeds));
    const { y } = result;
    if (!number) return { tensor: y!, number: undefined, seconds, readBytes: 0 };
    const found = y!.data as Float32Array;
    return { tensor: undefined, number: number([...found], asked), seconds, readBytes: found.byteLength };
  }

  /** Until all that was handed over is done. */
  async wait(): Promise<void> {
    this.pin ??= await this.upload(new OrtTensor("float32", new Float32Array(1), [1]));
    await this.download(this.pin);
  }

  /** Lets go of everything. No tensor may lie on the device any more. */
  async close(): Promise<void> {
    this.pin?.dispose();
    this.pin = undefined;
    const sessions = await Promise.all(this.small.values());
    this.small.clear();
    this.lacking.clear();
    for (const session of sessions) await session.release().catch(() => undefined); // its device may be lost
  }

  /** Copies a tensor. @param outputs where to */
  private mover(type: WireType, outputs: "device" | "main"): Promise<DeviceSession> {
    return this.opened(`move ${type} ${outputs}`, outputs, () => {
      const g = new SmallModel();
      return g.finish(g.addInput("x", type), type);
    });
  }

  private opened(what: string, outputs: "device" | "main", model: () => Promise<Uint8Array>): Promise<DeviceSession> {
    const known = this.small.get(what) ?? model().then((file) => this.memory.open(file, this.options, outputs));
    this.small.set(what, known);
    known.catch(() => this.small.delete(what)); // for now: another try may find its device again
    return known;
  }
}
