import { runFailed, runtimeStopped } from "../errors/runtime";
import type { Tensor } from "../tensor";
import { unlessAborted } from "./cancel";
import type { DeviceTensor } from "./device-tensor";
import { besideProcesses, inTurn, type TurnOptions } from "./device-turn";
import type { Copied, Device, WireTensor } from "./protocol";
import { type Opening, otherProviders, requireProvider } from "./provider";
import { providerOf } from "./providers";
import { currentScope, Scope } from "./scope";
import { openSession, type Session } from "./session";
import type { TakenSession } from "./shared-sessions";
import { TensorStore } from "./tensor-store";
import { WorkerLink } from "./worker-link";

export type { Copied } from "./protocol";
export type { RunForms, RunResult, Session, StartedRun } from "./session";

export interface RuntimeOptions extends Opening {
  /** An ONNX Runtime execution provider: `cpu`, `webgpu`, `cuda`, ... */
  readonly provider: string;
  /** Further ones that models are opened on. */
  readonly others?: readonly string[];
  /** Threads inside one operator; ONNX Runtime takes all cores without it. */
  readonly threads?: number | undefined;
}

export interface OpenSettings {
  /**
   * Weights stay in the model's file, in pages that the system may evict, and are packed for the kernels at every run:
   * opens at once and costs a third of a nanosecond a weight and run, 5% of a pass over 1000 tokens, 30% over 100.
   */
  readonly disablePrepacking?: boolean;
  /**
   * The model holds on to the memory of its activations between runs, on the CPU: for a model that is run on its own.
   * Of many that run one after the other, each would hold as much as all of them need.
   */
  readonly arena?: boolean;
  /** Constants in 16 bits stay so in memory, and casts of them run when they are read, not when the model is opened. */
  readonly castsStay?: boolean;
  /** A node that the provider leaves to the CPU is an error; of no use on the CPU itself. */
  readonly noFallback?: boolean;
  /** The runtime's own when left out. */
  readonly provider?: string | undefined;
}

export interface UploadSettings {
  /** Hands the elements over instead of copying them: `data` is empty afterwards. */
  readonly transfer?: boolean;
  /** As `keep()` on the result. */
  readonly keep?: boolean;
}

/** Runs models on one provider. All runtimes of a process share one worker thread; the last `close` ends it. */
export class Runtime {
  private readonly store: TensorStore;
  /** Those that were opened and not closed. */
  private readonly sessions = new Set<TakenSession>();
  /** Providers that are kept ready, and the ids of what keeps them so. */
  private readonly held = new Map<string, { readonly session: number; readonly ready: Promise<unknown> }>();
  private lastGeneration: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | undefined;
  private readonly closers: (() => void)[] = [];
  /** Those that its models run on. */
  private readonly devices: Set<string>;
  private readonly waiting: TurnOptions;

  private constructor(
    private readonly link: WorkerLink,
    private readonly options: RuntimeOptions,
  ) {
    this.store = new TensorStore(link);
    this.devices = new Set([options.provider, ...(options.others ?? [])]);
    this.waiting = options.waiting ?? {};
  }

  /**
   * @throws SKIPSTEP_PROVIDER_UNAVAILABLE, SKIPSTEP_RUNTIME_STOPPED when ONNX Runtime itself cannot be loaded,
   *   SKIPSTEP_CANCELLED while it waits for a device
   */
  static async start(options: RuntimeOptions): Promise<Runtime> {
    const link = WorkerLink.acquire();
    try {
      for (const provider of [options.provider, ...(options.others ?? [])])
        await requireProvider(link, provider, options);
      return new Runtime(link, options);
    } catch (error) {
      await link.release();
      throw error;
    }
  }

  get provider(): string {
    return this.options.provider;
  }

  /**
   * How many channels the CPU's convolution kernels keep together: 16 with AVX-512, mostly 8 otherwise.
   * @returns `undefined` where ONNX Runtime has no such kernels
   */
  convolutionBlock(): Promise<number | undefined> {
    return this.link.fact("convolutionBlock", {});
  }

  /**
   * Runs a small model once on a provider.
   * @param model an ONNX file
   * @throws SKIPSTEP_RUN_FAILED with ONNX Runtime's message where the provider cannot run it
   */
  try(provider: string, model: Uint8Array, inputs: Readonly<Record<string, WireTensor>>) {
    return inTurn([provider], this.waiting, () =>
      this.link.call("try", { ...this.device(provider), model, inputs }, (message) =>
        runFailed(`a probe of "${provider}"`, message),
      ),
    );
  }

  /**
   * Keeps what a provider compiled for its kernels until the runtime is closed. ONNX Runtime forgets it when the last
   * session on a device is closed: what the next one needs would be compiled again, a tenth of a second a kernel.
   */
  async hold(provider: string): Promise<void> {
    const holding = this.held.get(provider) ?? this.holding(provider);
    this.held.set(provider, holding);
    await holding.ready;
  }

  /** Providers besides the CPU's that work here. */
  async accelerators(): Promise<string[]> {
    const working = await otherProviders(this.link, "cpu", this.options);
    for (const provider of working) this.devices.add(provider);
    return working;
  }

  /**
   * Tries and opens models in one turn of its devices; without, each of them may have to wait for a generation of others.
   * @throws SKIPSTEP_CANCELLED while it waits, and what `body` throws
   */
  inTurn<T>(body: () => Promise<T>): Promise<T> {
    return inTurn(this.devices, this.waiting, body);
  }

  /** Waits until all generations that were asked for are over, also from inside of one. Their callers have the errors. */
  idle(): Promise<unknown> {
    return this.lastGeneration;
  }

  /** Bytes of the tensors that are kept now. */
  get keptBytes(): number {
    return this.store.account.keptBytes;
  }

  /** The most that was kept at once since the current generation began; the last one's after it has ended. */
  get peakKeptBytes(): number {
    return this.store.account.peakKeptBytes;
  }

  /** Bytes of tensors that were copied between main memory and devices, of all that is answered. */
  get copied(): Copied {
    return this.store.copied;
  }

  /** @throws SKIPSTEP_SESSION_FAILED when ONNX Runtime cannot load the model, SKIPSTEP_PROVIDER_FALLBACK */
  async open(
    path: string,
    {
      disablePrepacking = false,
      arena = true,
      castsStay = false,
      noFallback = false,
      provider = this.provider,
    }: OpenSettings = {},
  ): Promise<Session> {
    this.store.assertRunning();
    const { threads } = this.options;
    const options = { ...this.device(provider), threads, disablePrepacking, arena, castsStay, noFallback };
    this.devices.add(provider);
    return inTurn([provider], this.waiting, () => {
      this.store.assertRunning(); // it may have waited
      const session = this.link.sessions.take(path, options);
      this.sessions.add(session);
      return openSession(this.store, session, path, () => this.leave(session));
    });
  }

  /**
   * Brings a tensor to the runtime; what is run next may use it at once.
   * @throws SKIPSTEP_TENSOR_INVALID for a type that the runtime does not carry, or elements that do not fit the shape
   */
  upload(tensor: Tensor, { transfer = false, keep = false }: UploadSettings = {}): DeviceTensor {
    const uploaded = this.store.upload(tensor, transfer);
    return keep ? uploaded.keep() : uploaded;
  }

  /**
   * Runs a generation: what is kept inside lives until its end at the latest. One at a time, and on a GPU one of all
   * runtimes, threads and processes of the user; others wait their turn. One that is started inside another runs at
   * once, with a lifetime of its own.
   * @throws SKIPSTEP_CANCELLED while it waits, and what `body` throws
   */
  generation<T>(body: () => Promise<T>, waiting: TurnOptions = {}): Promise<T> {
    const outer = currentScope.getStore();
    const run = (): Promise<T> =>
      inTurn(this.devices, waiting, () =>
        this.inside(new Scope("generation", outer, this), body).finally(() => this.letGo()),
      );
    if (outer?.within(this)) return run();
    const before = this.lastGeneration;
    const turn = unlessAborted(before, waiting.signal).then(() => {
      this.store.account.restart();
      return run();
    });
    this.lastGeneration = before.then(() => turn).catch(() => undefined); // its caller has the error
    return turn;
  }

  /** Runs one pass over a model: tensors made inside and not kept are dropped at its end. */
  pass<T>(body: () => Promise<T>): Promise<T> {
    const scope = new Scope("pass", this.store.scope(), this);
    return inTurn(this.devices, {}, () => this.inside(scope, body));
  }

  /** What is to be freed together with the runtime. */
  atClose(free: () => void): void {
    this.closers.push(free);
  }

  /** Frees sessions and tensors; what runs in the worker now finishes first. Later use throws SKIPSTEP_RUNTIME_STOPPED. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private holding(provider: string) {
    const session = this.link.nextId();
    const ask = { session, ...this.device(provider) };
    return { session, ready: inTurn([provider], this.waiting, () => this.link.call("hold", ask)) };
  }

  /** Lets go of one of its models, which others may use. What was asked before is done then. */
  private async leave(session: TakenSession): Promise<void> {
    if (!this.sessions.delete(session)) return; // the runtime's close did so
    const sessions = this.link.sessions.leave([session]);
    if (!this.store.failure) await this.link.call("close", { sessions });
  }

  private device(provider: string): Device {
    return { provider, settings: this.options.settings?.[providerOf(provider)] };
  }

  private async inside<T>(scope: Scope, body: () => Promise<T>): Promise<T> {
    this.store.assertRunning();
    try {
      return await currentScope.run(scope, body);
    } finally {
      scope.end();
    }
  }

  /** Before others have a device's turn: waits until what lay there is let go of. */
  private async letGo(): Promise<void> {
    if (this.copied.toDevice === 0 || this.link.failure) return;
    await this.link.call("idle", {}).catch(() => undefined); // the thread ended: whoever asks next is told
  }

  private async shutDown(): Promise<void> {
    for (const free of this.closers) free();
    this.store.close(runtimeStopped("is closed"));
    const held = [...this.held.values()].map(({ session }) => session);
    const sessions = [...held, ...this.link.sessions.leave(this.sessions)];
    this.sessions.clear();
    try {
      const close = () => this.link.call("close", { sessions });
      if (!this.link.failure) await besideProcesses(this.devices, close);
    } finally {
      await this.link.release();
    }
  }
}
