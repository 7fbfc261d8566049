import type { DType } from "../tensor";
import type { WeightSource } from "../weights/checkpoint/weights";
import type { BuildHooks } from "./build-hooks";
import type { Dim } from "./dim";
import type { NodeOptions } from "./emitter";
import { checkpointPayload, type Layout, laidOutShape } from "./payload";
import { Shapes } from "./shapes";
import { createStore, type SizeCheck, type Store } from "./store";
import type { Node, Payload, Portable, Value } from "./value";

/**
 * A typed graph under construction. Models call its methods scope by scope; each method checks shapes and emits one
 * or a few ONNX nodes. Weight names are relative to the scope and equal the checkpoint's.
 */
export class Graph extends Shapes {
  private constructor(
    private readonly store: Store,
    /** The module being emitted: `layers.0.attention`. */
    readonly path: string,
  ) {
    super();
  }

  /** @param component name of the component that is built, for hooks and errors */
  static create(component: string, weights: WeightSource, hooks: BuildHooks): Graph {
    return new Graph(createStore(component, weights, hooks), "");
  }

  get inputs(): readonly Value[] {
    return this.store.inputs;
  }
  get outputs(): readonly { readonly name: string; readonly value: Value }[] {
    return this.store.outputs;
  }
  get nodes(): readonly Node[] {
    return this.store.nodes;
  }
  /** Stream names given by `block`: `hidden`, `encoder`. */
  get labels(): ReadonlyMap<Value, string> {
    return this.store.labels;
  }
  /** What modules returned, by `<scope>.out<i>`: tests compare these with the reference's modules. */
  get taps(): ReadonlyMap<string, Value> {
    return this.store.taps;
  }

  /** Values that come out beside the outputs, for `observed` hooks. */
  get observed(): ReadonlyMap<string, Value> {
    return this.store.observed;
  }

  /** What must hold once the run-time sizes are known. */
  get checks(): readonly SizeCheck[] {
    return this.store.checks;
  }

  get component(): string {
    return this.store.component;
  }
  get weights(): WeightSource {
    return this.store.weights;
  }
  get hooks(): BuildHooks {
    return this.store.hooks;
  }

  // --- structure ---

  /** A weight's name in the checkpoint: `<scope>.<name>`. */
  fullName(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  /** The graph inside a module of this one. */
  scope(name: string): Graph {
    return new Graph(this.store, this.path === "" ? name : `${this.path}.${name}`);
  }

  /** Declares an input. Symbolic dims of inputs bind the run-time sizes. */
  input(name: string, shape: readonly Dim[], dtype: DType = "float32"): Value {
    return this.addInput({ name, dtype, shape, origin: { kind: "input" } });
  }

  /** Declares an input that is the same at every step of a generation. What follows from it alone is computed once. */
  steadyInput(name: string, shape: readonly Dim[], dtype: DType = "float32"): Value {
    return this.addInput({ name, dtype, shape, origin: { kind: "input", steady: true } });
  }

  /**
   * Declares an input that follows from the timestep, a row for each of the batch: `[B]`, `[B, ...]`. What depends on such
   * inputs and steady ones alone is computed for all steps before the first.
   */
  timeInput(name: string, shape: readonly Dim[], dtype: DType = "float32"): Value {
    return this.addInput({ name, dtype, shape, origin: { kind: "input", timed: true } });
  }

  /** Declares an input for what runs beside a weight: the same in a whole generation, and no plugin's business. */
  branchInput(name: string, shape: readonly Dim[]): Value {
    return this.addInput({ name, dtype: "float32", shape, origin: { kind: "input", steady: true, branch: true } });
  }

  /** Declares an output. */
  output(name: string, value: Value): void {
    this.store.outputs.push({ name, value });
  }

  /**
   * Emits one block of a list in its own scope: the streams that enter and leave get names that plugins see.
   * @param streams what enters, by name: `{ hidden, encoder }`
   * @param body emits the block and returns its streams, in the order in which the reference's module returns them
   */
  block<Given extends Readonly<Record<string, Value>>, Returned extends Readonly<Record<string, Value>> = Given>(
    name: string,
    streams: Given,
    body: (graph: Graph, streams: Given) => Returned,
  ): Returned {
    const inner = this.scope(name);
    for (const [stream, value] of Object.entries(streams)) this.store.labels.set(value, stream);
    const outputs = body(inner, streams);
    for (const [stream, value] of Object.entries(outputs)) this.store.labels.set(value, stream);
    inner.tap(...Object.values(outputs));
    return outputs;
  }

  /** Gives a value the name that plugins see where it crosses a region's edge. @returns the value */
  label(name: string, value: Value): Value {
    this.store.labels.set(value, name);
    return value;
  }

  /** Notes what this module returned, in the order in which the reference's module returns it. */
  tap(...outputs: readonly Value[]): void {
    for (const [i, value] of outputs.entries()) this.store.taps.set(`${this.path}.out${i}`, value);
  }

  /**
   * Has a value come out at every pass over the denoiser, for `observed` hooks.
   * @param name begins with the plugin's name: all plugins with the hook are given what any of them asked for
   */
  observe(name: string, value: Value): void {
    this.store.observed.set(name, value);
  }

  /** Emits a node with several outputs. */
  emit(
    op: string,
    inputs: readonly (Value | undefined)[],
    shapes: readonly (readonly Dim[])[],
    { domain = "", attributes = {}, dtype = inputs[0]?.dtype ?? "float32" }: NodeOptions = {},
  ): Value[] {
    const dtypes = typeof dtype === "string" ? shapes.map(() => dtype) : dtype;
    const outputs = shapes.map(
      (shape, i): Value => ({ name: this.unique(op), dtype: dtypes[i]!, shape, origin: { kind: "node" } }),
    );
    this.store.nodes.push({ op, domain, inputs, outputs, attributes, scope: this.path });
    return outputs;
  }

  /**
   * Runs a body once for each element along the first axis of values, one after the other, and stacks what it returns:
   * of what a turn takes, memory is needed for one turn only. The body may read values from around it.
   * @param over `[n, ...]` each @returns `[n, ...]` for each value that the body returns, all of them made in the body
   */
  scan(over: readonly Value[], body: (inner: Graph, items: readonly Value[]) => readonly Value[]): Value[] {
    const inner = new Graph({ ...this.store, nodes: [] }, this.path);
    const inputs = over.map(
      ({ dtype, shape }): Value => ({
        name: this.unique("item"),
        dtype,
        shape: shape.slice(1),
        origin: { kind: "node" },
      }),
    );
    const returned = body(inner, inputs);
    const turns = over[0]!.shape[0]!;
    const outputs = returned.map(
      ({ dtype, shape }): Value => ({
        name: this.unique("Scan"),
        dtype,
        shape: [turns, ...shape],
        origin: { kind: "node" },
      }),
    );
    this.store.nodes.push({
      op: "Scan",
      domain: "",
      inputs: over,
      outputs,
      attributes: { num_scan_inputs: { int: over.length } },
      body: { inputs, outputs: returned, nodes: inner.nodes },
      scope: this.path,
    });
    return outputs;
  }

  /**
   * Says how a value that was just made is computed where a provider lacks an operator that it was made by. What is read
   * by nobody else then is left out.
   * @returns the value
   */
  orPortable(value: Value, portable: Portable): Value {
    const { nodes } = this.store;
    const at = nodes.findLastIndex(({ outputs }) => outputs.includes(value));
    nodes[at] = { ...nodes[at]!, portable };
    return value;
  }

  /** Has sizes checked before a run, or at once where they are numbers. @param check throws where they do not fit */
  whenKnown(dims: readonly Dim[], check: SizeCheck["check"]): void {
    if (dims.every((dim) => typeof dim === "number")) check(dims as number[]);
    else this.store.checks.push({ dims, check });
  }

  /** Puts other nodes in place of all that were emitted, for `graphBuilt` hooks. */
  replaceNodes(nodes: readonly Node[], { output, stream }: Replacement): void {
    const { store } = this;
    const made = new Set([...store.inputs, ...nodes.flatMap(({ outputs }) => outputs)]);
    const isThere = (value: Value): boolean => value.origin.kind === "initializer" || made.has(value);
    const kept = nodes.map((node) => {
      const { portable, ...rest } = node;
      return !portable || portable.reads.every(isThere) ? node : rest;
    });
    store.nodes.splice(0, store.nodes.length, ...kept);
    store.outputs.splice(
      0,
      store.outputs.length,
      ...store.outputs.map(({ name, value }) => ({ name, value: output(value) })),
    );
    const [labels, taps, observed] = [[...store.labels], [...store.taps], [...store.observed]];
    store.labels.clear();
    for (const [value, name] of labels) store.labels.set(stream(value), name);
    for (const [name, value] of taps) store.taps.set(name, stream(value));
    for (const [name, value] of observed) store.observed.set(name, stream(value));
  }

  // --- weights and constants ---

  /** The checkpoint tensor `<scope>.<name>` as float32, which must have this shape there. */
  weight(name: string, shape: readonly number[], layout: Layout = "as-is"): Value {
    return this.initializer(
      checkpointPayload(this.store.weights, this.fullName(name), shape, layout),
      laidOutShape(shape, layout),
    );
  }

  /** True when the checkpoint has `<scope>.<name>`. */
  has(name: string): boolean {
    return this.store.weights.has(this.fullName(name));
  }

  /** An initializer of the plugin's own making, such as packed codes. */
  initializer(payload: Payload, shape: readonly number[], dtype: DType = "float32"): Value {
    const key = `${payload.key} [${shape}]`;
    const known = this.store.initializers.get(key);
    if (known) return known;
    const value: Value = {
      name: this.unique(payload.label, ""),
      dtype,
      shape,
      origin: { kind: "initializer", payload },
    };
    this.store.initializers.set(key, value);
    return value;
  }

  /** Run-time sizes as an int64 vector, fed by the runtime. */
  sizes(dims: readonly Dim[]): Value {
    if (dims.every((dim) => typeof dim === "number")) return this.constant(dims as number[], undefined, "int64");
    const name = `sizes(${dims.join(", ")})`;
    const known = this.store.sizes.get(name);
    if (known) return known;
    const value: Value = { name, dtype: "int64", shape: [dims.length], origin: { kind: "sizes", dims } };
    this.store.sizes.set(name, value);
    return value;
  }

  private addInput(value: Value): Value {
    this.store.inputs.push(value);
    return value;
  }

  private unique(name: string, prefix: string = this.path): string {
    const base = prefix === "" ? name : `${prefix}/${name}`;
    const count = this.store.names.get(base) ?? 0;
    this.store.names.set(base, count + 1);
    return count === 0 ? base : `${base}:${count}`;
  }
}

/** Where values lie after nodes were replaced. */
export interface Replacement {
  /** What leaves the model in a value's place, in the same shape. */
  output(value: Value): Value;
  /** What carries a stream's name in a value's place; its shape may be another. */
  stream(value: Value): Value;
}
