import { throwIfAborted } from "../engine/cancel";
import type { DeviceTensor } from "../engine/device-tensor";
import type { Engine, Session } from "../engine/engine";
import { inputShape, inputUnknown, regionOutput, sizeConflict } from "../errors/program";
import { asMultiple, evaluate, type Sizes, shapeText } from "../graph/dim";
import type { Graph } from "../graph/graph";
import type { Value } from "../graph/value";
import type { Next, Tensors } from "../hooks";
import { integers } from "../tensor";
import type { CompiledEngine } from "./compile";
import type { Part, Plan, Port, RegionClaim, RegionPart, Segment } from "./plan";

/** Called at each region; `next` runs what lies inside. */
export type Around = (claim: RegionClaim, inputs: Tensors, next: Next) => Promise<Tensors>;

export interface RunOptions {
  /** What plugins do at regions; regions are computed without it. */
  readonly around?: Around | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Values = Map<Value, DeviceTensor>;

/** What stays the same during one run. */
interface Call {
  readonly sizes: Sizes;
  readonly around: Around;
  readonly signal: AbortSignal | undefined;
}

const compute: Around = (_claim, inputs, next) => next(inputs);

/** A compiled graph with its sessions open: runs the plan's segments in order, and asks `around` at each region. */
export class Program {
  /** Seconds in ONNX Runtime by segment, over all runs. */
  readonly seconds: number[];

  private constructor(
    private readonly engine: Engine,
    private readonly graphInputs: readonly Value[],
    private readonly plan: Plan,
    private readonly sessions: readonly Session[],
  ) {
    this.seconds = sessions.map(() => 0);
  }

  static async open(engine: Engine, graph: Graph, plan: Plan, compiled: CompiledEngine): Promise<Program> {
    const sessions: Session[] = [];
    try {
      for (const segment of compiled.segments) sessions.push(await engine.open(segment.path));
    } catch (error) {
      await Promise.all(sessions.map((session) => session.close()));
      throw error;
    }
    return new Program(engine, graph.inputs, plan, sessions);
  }

  /**
   * Runs the graph once.
   * @param inputs a tensor for each of the graph's inputs
   * @throws SKIPSTEP_CANCELLED between two segments, once the signal is aborted
   * @returns the graph's outputs by name
   */
  async run(inputs: Tensors, { around = compute, signal }: RunOptions = {}): Promise<Tensors> {
    const call: Call = { sizes: this.bind(inputs), around, signal };
    const values: Values = new Map();
    for (const input of this.graphInputs) values.set(input, inputs[input.name]!);
    await this.runParts(this.plan.parts, values, call);
    return Object.fromEntries(this.plan.outputs.map(({ name, value }) => [name, values.get(value)!]));
  }

  async close(): Promise<void> {
    await Promise.all(this.sessions.map((session) => session.close()));
  }

  private async runParts(parts: readonly Part[], values: Values, call: Call): Promise<void> {
    for (const part of parts) {
      throwIfAborted(call.signal);
      if (part.kind === "segment") await this.runSegment(part.segment, values, call);
      else await this.runRegion(part, values, call);
    }
  }

  private async runSegment(segment: Segment, values: Values, { sizes }: Call): Promise<void> {
    const feeds: Record<string, DeviceTensor> = {};
    for (const value of segment.inputs) feeds[value.name] = values.get(value)!;
    for (const value of segment.sizes) feeds[value.name] = this.upload(value, sizes);
    const { outputs, seconds } = await this.sessions[segment.index]!.run(feeds);
    this.seconds[segment.index]! += seconds;
    for (const value of segment.outputs) values.set(value, outputs[value.name]!);
  }

  private async runRegion({ claim, inputs, outputs, parts }: RegionPart, values: Values, call: Call): Promise<void> {
    const given = Object.fromEntries(inputs.map(({ name, value }) => [name, values.get(value)!]));
    const next: Next = async (chosen) => {
      const inner: Values = new Map(values);
      for (const { name, value } of inputs) inner.set(value, chosen[name] ?? given[name]!);
      await this.runParts(parts, inner, call);
      return Object.fromEntries(outputs.map(({ name, value }) => [name, inner.get(value)!]));
    };
    const returned = await call.around(claim, given, next);
    for (const port of outputs) values.set(port.value, checked(claim, port, returned, call.sizes));
  }

  private upload(value: Value, sizes: Sizes): DeviceTensor {
    const dims = value.origin.kind === "sizes" ? value.origin.dims : [];
    return this.engine.upload(
      integers(
        [dims.length],
        dims.map((dim) => evaluate(dim, sizes)),
      ),
    );
  }

  /** Reads the run-time sizes off the inputs' shapes, and checks every shape against them. */
  private bind(inputs: Tensors): Sizes {
    const sizes: Record<string, number> = {};
    for (const { name, shape } of this.graphInputs) {
      const given = inputs[name];
      if (!given)
        throw inputUnknown(
          name,
          this.graphInputs.map((input) => input.name),
        );
      if (given.shape.length !== shape.length) throw inputShape(name, shapeText(shape), given.shape);
      for (const [axis, dim] of shape.entries()) {
        const multiple = asMultiple(dim);
        if (multiple) sizes[multiple.name] ??= given.shape[axis]! / multiple.factor;
      }
    }
    for (const [name, value] of Object.entries(sizes)) if (!Number.isInteger(value)) throw sizeConflict(name, value);
    for (const { name, shape } of this.graphInputs)
      if (shape.some((dim, axis) => evaluate(dim, sizes) !== inputs[name]!.shape[axis]))
        throw inputShape(name, shapeText(shape), inputs[name]!.shape);
    return sizes;
  }
}

/** What a plugin returned for one of a region's outputs. */
function checked(claim: RegionClaim, { name, value }: Port, returned: Tensors, sizes: Sizes): DeviceTensor {
  const tensor = returned[name];
  const expected = value.shape.map((dim) => evaluate(dim, sizes));
  if (!tensor) throw regionOutput(claim, name, expected, "nothing");
  if (tensor.shape.join() !== expected.join() || tensor.dtype !== value.dtype)
    throw regionOutput(claim, name, expected, `${tensor.dtype} [${tensor.shape.join(", ")}]`);
  return tensor;
}
