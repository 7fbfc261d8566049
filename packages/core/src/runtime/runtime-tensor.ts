import type { SkipstepError } from "../errors/error";
import { tensorExpired, tensorForeign } from "../errors/runtime";
import { itemSize, sizeOf, type Tensor } from "../tensor";
import { currentAccount } from "./account";
import type { DeviceTensor } from "./device-tensor";
import { Holders } from "./holders";
import type { WireType } from "./protocol";
import type { Scope } from "./scope";
import type { TensorStore } from "./tensor-store";

/** The main thread's handle of a tensor in the worker. */
export class RuntimeTensor implements DeviceTensor {
  readonly byteLength: number;
  /** Why it could not be made: what makes it is still under way when the handle is there. */
  failure: SkipstepError | undefined;
  /** Why it is gone, and what to do about it. */
  private gone: string | undefined;
  /** Who kept it and did not release it: two plugins may keep the same one. */
  private readonly holders: Holders;

  constructor(
    readonly store: TensorStore,
    readonly id: number,
    readonly dtype: WireType,
    readonly shape: readonly number[],
    private readonly home: Scope,
  ) {
    this.byteLength = sizeOf(shape) * itemSize[dtype];
    this.holders = new Holders(this.byteLength);
    home.members.add(this);
  }

  get isAlive(): boolean {
    return this.gone === undefined && this.failure === undefined;
  }

  get isKept(): boolean {
    return this.isAlive && !this.holders.isEmpty;
  }

  read(): Promise<Tensor> {
    return this.store.read(this);
  }

  keep(): this {
    this.assertAlive();
    if (this.holders.isEmpty) {
      this.store.account.count(this.byteLength);
      this.home.keeper.members.add(this);
    }
    this.holders.add(currentAccount.getStore());
    return this;
  }

  release(): void {
    if (this.gone !== undefined) return;
    const isKept = !this.holders.isEmpty;
    this.holders.remove(currentAccount.getStore());
    if (isKept && !this.holders.isEmpty) return;
    if (isKept) this.uncount();
    if (!(isKept && this.home.kind === "pass" && this.home.open))
      this.drop("it was released. Call release() only when nothing reads it any more.");
  }

  /** Its scope has ended: it goes, unless that was a pass and it is kept. */
  leave(scope: Scope): void {
    if (scope.kind === "generation")
      this.drop("the generation that made it has ended. Hold no tensors between generations.");
    else if (scope.kind === "runtime") this.drop("its runtime was closed.");
    else if (this.holders.isEmpty)
      this.drop("the pass that made it has ended. Call keep() on it in the pass that makes it.");
  }

  /** @throws SKIPSTEP_TENSOR_EXPIRED when its elements are gone, and why it could not be made */
  assertAlive(): void {
    if (this.gone !== undefined) throw tensorExpired(this, this.gone);
    if (this.failure) throw this.failure;
  }

  fail(error: SkipstepError): void {
    this.failure = error;
  }

  drop(reason: string): void {
    if (this.gone !== undefined) return;
    this.gone = reason;
    if (!this.holders.isEmpty) {
      this.holders.clear();
      this.uncount();
    }
    this.home.members.delete(this);
    this.store.forget(this);
  }

  private uncount(): void {
    this.store.account.count(-this.byteLength);
    if (this.home.keeper !== this.home) this.home.keeper.members.delete(this);
  }
}

/**
 * The runtime's own handle behind a tensor that code outside gave.
 * @throws SKIPSTEP_TENSOR_FOREIGN, SKIPSTEP_TENSOR_EXPIRED
 */
export function runtimeTensor(tensor: DeviceTensor, operation: string): RuntimeTensor {
  if (!(tensor instanceof RuntimeTensor)) throw tensorForeign(operation);
  tensor.assertAlive();
  return tensor;
}
