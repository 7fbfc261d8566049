import { AsyncLocalStorage } from "node:async_hooks";
import type { Tensor } from "../tensor";
import type { DeviceTensor } from "./device-tensor";
import type { RuntimeTensor } from "./runtime-tensor";

/** A runtime, as far as a scope knows it. */
export interface Uploader {
  upload(tensor: Tensor): DeviceTensor;
}

/**
 * How long tensors live: each belongs to the innermost scope in which it was made, and a kept one to the nearest
 * generation (or to the runtime, outside of one).
 */
export class Scope {
  readonly members = new Set<RuntimeTensor>();
  open = true;

  constructor(
    readonly kind: "pass" | "generation" | "runtime",
    private readonly outer?: Scope,
    /** The runtime that it is of. */
    private readonly owner?: Uploader,
  ) {}

  /** Whether it lies in a generation of `owner` that has not ended. */
  within(owner: object): boolean {
    return (this.kind === "generation" && this.owner === owner && this.open) || (this.outer?.within(owner) ?? false);
  }

  /** What brings tensors to where those of this scope lie. */
  get uploader(): Uploader | undefined {
    return this.owner ?? this.outer?.uploader;
  }

  /** Where a tensor goes that is kept here. */
  get keeper(): Scope {
    return this.kind === "pass" && this.outer ? this.outer.keeper : this;
  }

  /** Drops what is left in it; what was kept in a pass has been handed to its keeper already. */
  end(): void {
    this.open = false;
    for (const tensor of this.members) tensor.leave(this);
    this.members.clear();
  }
}

/** The scope that the running code is in, across awaits. */
export const currentScope = new AsyncLocalStorage<Scope>();
