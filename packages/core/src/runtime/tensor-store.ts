import type { SkipstepError } from "../errors/error";
import { list } from "../errors/nearest";
import { tensorInvalid } from "../errors/runtime";
import { sizeOf, type Tensor } from "../tensor";
import { Account, currentAccount } from "./account";
import {
  arrays,
  type CallName,
  type Calls,
  type Copied,
  type WireData,
  type WireTensor,
  type WireType,
} from "./protocol";
import { RuntimeTensor } from "./runtime-tensor";
import { currentScope, Scope } from "./scope";
import type { OperationName } from "./tensor-math";
import type { WorkerLink } from "./worker-link";

/** One runtime's tensors: makes the handles, counts what is kept, tells the worker what to drop. */
export class TensorStore {
  /** What is made outside of any pass and generation. */
  readonly root = new Scope("runtime");
  /** What is kept of them, by whomever. */
  readonly account = new Account();
  /** Between main memory and devices, so far. */
  copied: Copied = { toDevice: 0, toMain: 0 };
  private readonly live = new Set<RuntimeTensor>();
  private dropped: number[] = [];
  private closed: SkipstepError | undefined;

  constructor(readonly link: WorkerLink) {}

  /** @throws SKIPSTEP_RUNTIME_STOPPED after `close`, or when the worker is gone */
  assertRunning(): void {
    if (this.failure) throw this.failure;
  }

  /** Why it can do nothing any more, once that is so. */
  get failure(): SkipstepError | undefined {
    return this.closed ?? this.link.failure;
  }

  /** The scope that tensors made now belong to. */
  scope(): Scope {
    return currentScope.getStore() ?? this.root;
  }

  /** A handle for a value of the worker. Gone at once when its scope, or the runtime, ended while it was made. */
  adopt(id: number, { dtype, shape }: Omit<WireTensor, "data">, scope: Scope): RuntimeTensor {
    const tensor = new RuntimeTensor(this, id, dtype, shape, scope);
    this.live.add(tensor);
    if (this.closed) tensor.leave(this.root);
    else if (!scope.open) tensor.leave(scope);
    return tensor;
  }

  upload(tensor: Tensor, transfer: boolean): RuntimeTensor {
    this.assertRunning();
    const wire = toWire(tensor, transfer);
    const value = this.link.nextId();
    this.link.post({ kind: "upload", value, tensor: wire }, [wire.data.buffer as ArrayBuffer]);
    return this.adopt(value, wire, this.scope());
  }

  async read(tensor: RuntimeTensor): Promise<Tensor> {
    this.assertRunning();
    tensor.assertAlive();
    return this.ask("read", { value: tensor.id }, [tensor]);
  }

  /** An operation that makes a tensor. Does not wait for it: the worker does what it is asked in order. */
  elementwise(
    operation: OperationName,
    tensors: readonly RuntimeTensor[],
    coefficients: readonly number[] = [],
    shape: readonly number[] = tensors[0]!.shape,
  ): RuntimeTensor {
    this.assertRunning();
    const inputs = tensors.map(({ id }) => id);
    const output = this.link.nextId();
    const made = this.adopt(output, { dtype: "float32", shape }, this.scope());
    this.compute({ operation, inputs, coefficients, output, shape }, tensors).catch((error) => made.fail(error));
    return made;
  }

  /** Some rows of each of some tables, all float32 and of `count` rows. Does not wait for it, as `elementwise`. */
  rows(tables: readonly RuntimeTensor[], count: number, rows: readonly number[]): RuntimeTensor[] {
    this.assertRunning();
    const scope = this.scope();
    const made = tables.map((table) => {
      const [first = 0, ...rest] = table.shape;
      const shape = [(first / count) * rows.length, ...rest];
      return this.adopt(this.link.nextId(), { dtype: "float32", shape }, scope);
    });
    const asked = tables.map((table, i) => [table.id, made[i]!.id, made[i]!.shape] as const);
    this.ask("rows", { tables: asked, count, rows }, tables).catch((error) => {
      for (const tensor of made) tensor.fail(error);
    });
    return made;
  }

  /** An operation that makes a number. */
  async reduce(
    operation: OperationName,
    tensors: readonly RuntimeTensor[],
    coefficients: readonly number[] = [],
  ): Promise<number> {
    this.assertRunning();
    const inputs = tensors.map(({ id }) => id);
    return (await this.compute({ operation, inputs, coefficients, output: undefined, shape: [] }, tensors))!;
  }

  /** A call of the worker that reads tensors. When one of them could not be made, that is what is thrown. */
  async ask<Name extends CallName>(
    name: Name,
    ask: Calls[Name]["ask"],
    tensors: readonly RuntimeTensor[],
    failed?: (message: string) => SkipstepError,
  ): Promise<Calls[Name]["answer"]> {
    try {
      return await this.link.call(name, ask, failed, this.count);
    } catch (error) {
      throw tensors.find(({ failure }) => failure)?.failure ?? error;
    }
  }

  private readonly count = ({ toDevice, toMain }: Copied): void => {
    this.copied = { toDevice: this.copied.toDevice + toDevice, toMain: this.copied.toMain + toMain };
  };

  /** Its time goes to the account of who asks. */
  private async compute(ask: Calls["compute"]["ask"], tensors: readonly RuntimeTensor[]): Promise<number | undefined> {
    const account = currentAccount.getStore();
    const { number, seconds } = await this.ask("compute", ask, tensors);
    if (account) account.seconds += seconds;
    return number;
  }

  /** Tells the worker once for all that goes in the same turn: the end of a pass drops many. */
  forget(tensor: RuntimeTensor): void {
    this.live.delete(tensor);
    if (this.dropped.push(tensor.id) === 1) queueMicrotask(() => this.flush());
  }

  /** Drops everything; what is made from now on is gone at once. */
  close(reason: SkipstepError): void {
    this.closed = reason;
    for (const tensor of this.live) tensor.leave(this.root);
    this.root.end();
    this.flush();
  }

  private flush(): void {
    const values = this.dropped;
    this.dropped = [];
    if (values.length > 0) this.link.post({ kind: "drop", values });
  }
}

/** Checks a tensor and takes its elements into a buffer of their own that may be transferred. */
function toWire(tensor: Tensor, transfer: boolean): WireTensor {
  const { dtype, shape, data } = tensor;
  if (!(dtype in arrays)) throw tensorInvalid(tensor, `the runtime carries ${list(Object.keys(arrays))}`);
  const Elements = arrays[dtype as WireType];
  if (!(data instanceof Elements))
    throw tensorInvalid(tensor, `its elements must be a ${Elements.name}, found ${data.constructor.name}`);
  if (data.length !== sizeOf(shape))
    throw tensorInvalid(tensor, `its shape has ${sizeOf(shape)} elements, its data ${data.length}`);
  const whole = data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength;
  // Not data.slice(): a Node Buffer's shares its memory.
  const owned = transfer && whole ? data : new Elements(data as never);
  return { dtype: dtype as WireType, shape: [...shape], data: owned as WireData };
}
