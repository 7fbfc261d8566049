import type { WeightSource } from "../weights/checkpoint/weights";
import type { BuildHooks } from "./build-hooks";
import type { Dim } from "./dim";
import type { Node, Value } from "./value";

/** Throws where run-time sizes do not fit what was emitted. */
export interface SizeCheck {
  readonly dims: readonly Dim[];
  check(sizes: readonly number[]): void;
}

/** What all scopes of one graph share. */
export interface Store {
  readonly component: string;
  readonly weights: WeightSource;
  readonly hooks: BuildHooks;
  readonly inputs: Value[];
  readonly outputs: { readonly name: string; readonly value: Value }[];
  readonly nodes: Node[];
  readonly initializers: Map<string, Value>;
  readonly sizes: Map<string, Value>;
  readonly labels: Map<Value, string>;
  readonly taps: Map<string, Value>;
  /** What `observed` hooks are given. */
  readonly observed: Map<string, Value>;
  /** What must hold once the run-time sizes are known. */
  readonly checks: SizeCheck[];
  /** How often each base of a name was given. */
  readonly names: Map<string, number>;
}

export function createStore(component: string, weights: WeightSource, hooks: BuildHooks): Store {
  return {
    component,
    weights,
    hooks,
    inputs: [],
    outputs: [],
    nodes: [],
    initializers: new Map(),
    sizes: new Map(),
    labels: new Map(),
    taps: new Map(),
    observed: new Map(),
    checks: [],
    names: new Map(),
  };
}
