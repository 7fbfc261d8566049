import type { CompiledEngine } from "../compiler/compile";
import { packedBytes } from "../compiler/memory-estimate";
import type { Part, Plan, Port, RegionClaim, RegionPart, Segment, TimeSegment } from "../compiler/plan";
import { regionOutput } from "../errors/program";
import type { Graph } from "../graph/graph";
import type { Value } from "../graph/value";
import type { Tensors } from "../hooks";
import { openSessions, type Residency } from "../memory/residency";
import type { Sessions } from "../memory/sessions";
import { throwIfAborted } from "../runtime/cancel";
import type { DeviceTensor } from "../runtime/device-tensor";
import { meanAbs } from "../runtime/math";
import type { Runtime, StartedRun } from "../runtime/runtime";
import { BoundPlan, bindSizes } from "./bound-plan";
import { passingSegment } from "./passing-segment";
import { PromptValues } from "./prompt-values";
import type { GroupsRun, RowGroup, TimeAhead } from "./time-values";
import type { RegionWork, WorkMeter } from "./work-meter";

/** What a region's inside was computed to. */
export interface Inside {
  readonly outputs: Tensors;
  /** Spent on it in ONNX Runtime, known once that is done. */
  seconds(): Promise<number>;
}

/** Computes what lies inside a region. */
export type RunInside = (inputs: Tensors) => Promise<Inside>;

/** Called at each region; `next` runs what lies inside, which is `work`. */
export type Around = (claim: RegionClaim, inputs: Tensors, next: RunInside, work: () => RegionWork) => Promise<Tensors>;

export interface RunOptions {
  /** What plugins do at regions; regions are computed without it. */
  readonly around?: Around | undefined;
  /** Given what was computed of the values that plugins observe; not called where there is nothing. */
  readonly observe?: ((observed: Tensors) => Promise<void>) | undefined;
  /** What the timestep decides, of this pass and those to come; of this one alone when left out. */
  readonly time?: TimeAhead | undefined;
  /** Told when that is computed for one pass alone. */
  readonly onUnknownTime?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told what there is to do, and how long what is done takes. */
  readonly meter?: WorkMeter | undefined;
}

/** What runs a graph. */
export type Runs = Pick<Program, "run">;

/** Finds out why what came of inputs is not finite. @returns what to throw; nothing where it was not the program */
export type Explain = (inputs: Tensors) => Promise<Error | undefined>;

/** Whether no float32 tensor of a pass has NaN or infinity. */
export async function isFinitePass(tensors: Tensors): Promise<boolean> {
  for (const tensor of Object.values(tensors))
    if (tensor.dtype === "float32" && tensor.byteLength > 0 && !Number.isFinite(await meanAbs(tensor))) return false;
  return true;
}

type Values = Map<Value, DeviceTensor>;

/** What stays the same during one run. */
interface Call {
  readonly bound: BoundPlan;
  readonly around: Around;
  readonly signal: AbortSignal | undefined;
  readonly meter: WorkMeter | undefined;
  /** Seconds of each segment that was started, in order. */
  readonly started: Promise<number>[];
}

/**
 * Bytes of weights of matrices up to which they are packed for the matrix kernels when a model is opened, which takes a
 * second a gigabyte, in memory that only this process has. Larger models pack them as they run, from pages of the file:
 * 5% of a pass over 1000 tokens, 1% over 4000.
 */
const packedLimit = 3 * 2 ** 30;

/**
 * Segments up to which each holds on to the memory of its activations. With 113 of them, FORA's on DiT-XL/2 at 256 x
 * 256, that is 1.8 GB more, and a first generation takes 11 s instead of 8 s: all of that memory is new.
 */
const mostArenas = 8;

/** Sizes for which a program remembers its shapes: a generation has one or two. */
const mostBoundPlans = 8;

const compute: Around = async (_claim, inputs, next) => (await next(inputs)).outputs;

/** A compiled graph with its sessions: runs the plan's segments in order, and asks `around` at each region. */
export class Program {
  /** Seconds in ONNX Runtime by segment, over all runs. */
  readonly seconds: number[];
  /** By the shapes of the inputs. */
  private readonly boundPlans = new Map<string, BoundPlan>();
  private readonly promptValues = new PromptValues();

  private constructor(
    private readonly graphInputs: readonly Value[],
    private readonly plan: Plan,
    private readonly sessions: Sessions,
    private readonly explain: Explain | undefined,
  ) {
    this.seconds = plan.segments.map(() => 0);
  }

  /**
   * @param residency when its weights are in memory, and where; all of the time with the runtime's provider when left out
   * @param explain for what it gives to be looked at: NaN and infinity are errors then
   * @throws SKIPSTEP_SESSION_FAILED
   */
  static async open(
    runtime: Runtime,
    graph: Graph,
    plan: Plan,
    compiled: CompiledEngine,
    residency?: Residency,
    explain?: Explain,
  ): Promise<Program> {
    // The same in every mode of memory: packed kernels round differently.
    const isLarge = packedBytes(graph) > packedLimit;
    const { segments, castsWeights: castsStay } = compiled;
    const arena = segments.length - (plan.time ? 1 : 0) <= mostArenas;
    const passing = passingSegment(plan);
    const open = (index: number, once?: boolean) => {
      const passes = once === true && index === passing?.index;
      return runtime.open(segments[index]!.path, {
        disablePrepacking: passes ? !needsPacking(passing) : isLarge,
        arena: arena && !passes,
        castsStay,
        noFallback: residency?.noFallback?.[index] ?? false,
        provider: residency?.devices[index],
      });
    };
    const sessions = await runtime.inTurn(() => openSessions(residency, segments.length, passing?.index, open));
    return new Program(graph.inputs, plan, sessions, explain);
  }

  /**
   * Runs the graph once. Does not wait for its last segments: where one of them fails, reading an output throws.
   * @param inputs a tensor for each of the graph's inputs
   * @throws SKIPSTEP_CANCELLED between two segments, once the signal is aborted; SKIPSTEP_RUN_FAILED
   * @returns the graph's outputs by name
   */
  async run(inputs: Tensors, options: RunOptions = {}): Promise<Tensors> {
    const { around = compute, observe, signal, meter } = options;
    const call: Call = { bound: this.bind(inputs), around, signal, meter, started: [] };
    meter?.add(workOf(this.plan.parts, call.bound).flops, call.bound);
    const values: Values = new Map();
    for (const input of this.graphInputs) values.set(input, inputs[input.name]!);
    if (this.plan.time) await this.runTime(this.plan.time, values, call, options);
    if (this.plan.prompt) await this.runPrompt(this.plan.prompt, values, call);
    await this.runParts(this.plan.parts, values, call);
    const observed = this.plan.observed.filter(({ value }) => values.has(value));
    if (observed.length > 0)
      await observe?.(Object.fromEntries(observed.map(({ name, value }) => [name, values.get(value)!])));
    const outputs = Object.fromEntries(this.plan.outputs.map(({ name, value }) => [name, values.get(value)!]));
    if (this.explain && !(await isFinitePass(outputs))) {
      const error = await this.explain(inputs);
      if (error) throw error;
    }
    return outputs;
  }

  async close(): Promise<void> {
    await this.sessions.close();
  }

  /** For all steps at once where they are known; otherwise with this pass, as all other segments. */
  private async runTime(time: TimeSegment, values: Values, call: Call, options: RunOptions): Promise<void> {
    const { segment } = time;
    const run: GroupsRun = (groups) => this.runGroups(time, groups, call);
    const known = await options.time?.values.find(time, values, options.time, run);
    for (const [value, tensor] of known ?? []) values.set(value, tensor);
    if (known) return;
    options.onUnknownTime?.();
    call.meter?.add(call.bound.flops[segment.index]!, call.bound);
    await this.runSegment(segment, values, call);
  }

  /** Runs what the timestep decides for rows of several passes. Its weights are in memory for that long. */
  private async runGroups({ segment, rows: name }: TimeSegment, groups: readonly RowGroup[], call: Call) {
    throwIfAborted(call.signal);
    const session = await this.sessions.take(segment.index, true);
    try {
      throwIfAborted(call.signal); // opening takes a while
      return groups.map(({ feeds, rows }) => {
        const { forms, flops } = call.bound.resized(segment, name, rows);
        const run = session.start(feeds, forms[0]!);
        call.meter?.add(flops[0]!);
        this.count(segment, run.seconds);
        return segment.outputs.map((value) => [value, run.outputs[value.name]!.keep()] as const);
      });
    } finally {
      this.sessions.give(session);
    }
  }

  private async runPrompt(segment: Segment, values: Values, call: Call): Promise<void> {
    const known = this.promptValues.find(segment, values, call.bound);
    for (const [value, tensor] of known ?? []) values.set(value, tensor);
    if (known) return;
    call.meter?.add(call.bound.flops[segment.index]!, call.bound);
    await this.runSegment(segment, values, call);
    this.promptValues.note(segment, values, call.bound);
  }

  private async runParts(parts: readonly Part[], values: Values, call: Call): Promise<void> {
    for (const part of parts) {
      throwIfAborted(call.signal);
      if (part.kind === "segment") await this.runSegment(part.segment, values, call);
      else await this.runRegion(part, values, call);
    }
  }

  private async runSegment(segment: Segment, values: Values, call: Call): Promise<void> {
    const { index, outputs } = segment;
    // One segment waits with the runtime while another runs, so that its thread never does. More would outlive an abort.
    await call.started.at(-2);
    const run = await this.start(segment, values, call);
    call.started.push(run.seconds);
    this.count(segment, run.seconds, (seconds) => call.meter?.ran(call.bound, index, seconds));
    for (const value of outputs) values.set(value, run.outputs[value.name]!);
  }

  /** Adds up what a segment takes. @param ran told of this run */
  private count({ index }: Segment, seconds: Promise<number>, ran?: (seconds: number) => void): void {
    seconds.then(
      (spent) => {
        this.seconds[index]! += spent;
        ran?.(spent);
      },
      () => undefined, // thrown where the outputs are used
    );
  }

  private async start({ index, inputs }: Segment, values: Values, call: Call): Promise<StartedRun> {
    const session = await this.sessions.take(index);
    try {
      throwIfAborted(call.signal);
      const feeds = Object.fromEntries(inputs.map((value) => [value.name, values.get(value)!]));
      return session.start(feeds, call.bound.forms[index]!);
    } finally {
      this.sessions.give(session);
    }
  }

  private async runRegion({ claim, inputs, outputs, parts }: RegionPart, values: Values, call: Call): Promise<void> {
    const given = Object.fromEntries(inputs.map(({ name, value }) => [name, values.get(value)!]));
    const next: RunInside = async (chosen) => {
      const inner: Values = new Map(values);
      for (const { name, value } of inputs) inner.set(value, chosen[name] ?? given[name]!);
      const begin = call.started.length;
      await this.runParts(parts, inner, call);
      for (const { value } of this.plan.observed) if (inner.has(value)) values.set(value, inner.get(value)!);
      const runs = call.started.slice(begin);
      return {
        outputs: Object.fromEntries(outputs.map(({ name, value }) => [name, inner.get(value)!])),
        seconds: async () => (await Promise.all(runs)).reduce((sum, seconds) => sum + seconds, 0),
      };
    };
    const work = (): RegionWork => workOf(parts, call.bound);
    const returned = await call.around(claim, given, next, work);
    for (const port of outputs) values.set(port.value, checked(claim, port, returned, call.bound));
  }

  private bind(inputs: Tensors): BoundPlan {
    const key = this.graphInputs.map(({ name }) => inputs[name]?.shape.join()).join(" ");
    const known = this.boundPlans.get(key) ?? new BoundPlan(this.plan, bindSizes(this.graphInputs, inputs));
    if (this.boundPlans.size === mostBoundPlans) this.boundPlans.clear();
    this.boundPlans.set(key, known);
    return known;
  }
}

/** Whether ONNX Runtime computes some of it in another way without packed weights: codes of few bits in float32. */
function needsPacking({ nodes }: Segment): boolean {
  return nodes.some(({ op }) => op === "MatMulNBits");
}

function workOf(parts: readonly Part[], bound: BoundPlan): RegionWork {
  const segments = segmentsOf(parts);
  return { segments, bound, flops: segments.reduce((sum, index) => sum + bound.flops[index]!, 0) };
}

function segmentsOf(parts: readonly Part[]): number[] {
  return parts.flatMap((part) => (part.kind === "segment" ? [part.segment.index] : segmentsOf(part.parts)));
}

/** What a plugin returned for one of a region's outputs. */
function checked(claim: RegionClaim, { name, value }: Port, returned: Tensors, bound: BoundPlan): DeviceTensor {
  const tensor = returned[name];
  const expected = bound.shapeOf(value);
  if (!tensor) throw regionOutput(claim, name, expected, "nothing");
  if (tensor.shape.join() !== expected.join() || tensor.dtype !== value.dtype)
    throw regionOutput(claim, name, expected, `${tensor.dtype} [${tensor.shape.join(", ")}]`);
  return tensor;
}
