import { createHash } from "node:crypto";
import type { Component } from "./component";
import { type SourceTensor, tensorIn } from "./source-tensor";
import { TensorWeights } from "./tensor-weights";
import type { OpenWeights, TensorEntry, WeightSource } from "./weight-source";

/** A component's weights, and those that it has in common with another component, whose files alone have them. */
export class SharedWeights extends TensorWeights implements OpenWeights {
  readonly names: readonly string[];
  readonly format: string | undefined;
  readonly layout: string;

  private constructor(
    private readonly own: OpenWeights,
    private readonly others: OpenWeights,
    shared: RegExp,
  ) {
    super();
    this.names = [...own.names, ...others.names.filter((name) => shared.test(name) && !own.has(name))];
    this.format = own.format;
    this.layout = own.layout;
  }

  /** @param shared names of the tensors in common @throws what the components' `weights` throw */
  static open(component: Component, other: Component, shared: RegExp): SharedWeights {
    const own = component.weights();
    try {
      return new SharedWeights(own, other.weights(), shared);
    } catch (error) {
      own.close();
      throw error;
    }
  }

  /** The source fits its tensor to what is asked for. */
  override expect(name: string, shape: readonly number[]): TensorEntry {
    return this.sourceOf(name).expect(name, shape);
  }

  identity(cacheDir: string): string {
    const both = [this.own, this.others].map((source) => source.identity(cacheDir));
    return createHash("sha256").update(both.join()).digest("hex");
  }

  close(): void {
    this.own.close();
    this.others.close();
  }

  protected tensor(name: string): SourceTensor {
    return tensorIn(this.sourceOf(name), name);
  }

  /** What is nowhere is told by its own. */
  private sourceOf(name: string): WeightSource {
    return !this.own.has(name) && this.has(name) ? this.others : this.own;
  }
}
