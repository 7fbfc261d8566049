import { weightBytes } from "../compiler/memory-estimate";
import type { Segment, TimeSegment } from "../compiler/plan";
import { asMultiple } from "../graph/dim";
import type { Value } from "../graph/value";
import type { DeviceTensor, Tensors } from "../runtime/device-tensor";
import { RuntimeTensor } from "../runtime/runtime-tensor";
import { itemSize, type Tensor } from "../tensor";
import { contentOf, joinRows } from "./tensor-rows";

type HostTensors = Readonly<Record<string, Tensor>>;

/** What a pass is fed by its timestep, and which passes are to come. */
export interface TimeAhead {
  /** Remembers what was computed: one for each generation and program. */
  readonly values: TimeValues;
  readonly timestep: number;
  /** Timesteps of this pass and all behind it. */
  readonly coming: readonly number[];
  /** The graph's inputs of time, a row for each of the pass's. */
  inputsAt(timestep: number): HostTensors;
  upload(tensor: Tensor): DeviceTensor;
}

type Outputs = readonly (readonly [Value, DeviceTensor])[];

/** Rows that are computed together. */
export interface RowGroup {
  /** A tensor for each of the segment's inputs. */
  readonly feeds: Tensors;
  readonly rows: number;
}

/** Computes what the timestep decides for groups of rows, one after the other. @returns what is kept of each */
export type GroupsRun = (groups: readonly RowGroup[]) => Promise<readonly Outputs[]>;

/** What stays the same at every step, for a pass of as many rows. */
interface Given {
  /** Inputs that have rows as well, and a name for what is in each row. */
  readonly rowed: HostTensors;
  readonly contents: readonly string[];
  /** All other inputs. */
  readonly whole: Tensors;
}

/** A row of a pass; all of its rows, where they are not computed apart. */
interface Unit {
  /** What it is computed from. */
  readonly key: string;
  readonly rows: readonly number[];
  readonly timed: HostTensors;
}

/** Values of some units. */
interface Chunk {
  readonly given: Given;
  /** Of the passes that it is for, or would be if there were room. */
  readonly foretold: ReadonlySet<number>;
  /** Places of units by their keys. */
  readonly places: ReadonlyMap<string, number>;
  readonly outputs: Outputs;
}

/** Bytes of values that are held for passes to come, where half of what the weights take is less. */
const usuallyHeld = 2 ** 26;

/**
 * What the timestep decides, for all passes of a generation before the first: equal rows once, whichever steps and
 * guidance branches they are of. Where it takes much memory, for as many passes as have room, and then for the next.
 */
export class TimeValues {
  private chunks: readonly Chunk[] = [];
  private isForetold = true;
  private readonly read = new WeakMap<DeviceTensor, Promise<Tensor>>();
  /** A short name for what is in a row. */
  private readonly contents = new Map<string, string>();

  /** @param leastHeld bytes of values that may be held, whatever the weights take */
  constructor(private readonly leastHeld = usuallyHeld) {}

  /**
   * The values of a pass.
   * @param fed the graph's inputs @param run computes what is not known yet
   * @returns nothing once a pass came that was not foretold
   */
  async find(
    time: TimeSegment,
    fed: ReadonlyMap<Value, DeviceTensor>,
    ahead: TimeAhead,
    run: GroupsRun,
  ): Promise<Outputs | undefined> {
    const now = ahead.inputsAt(ahead.timestep);
    if (!this.isForetold || !timedInputs(time).every(({ name }) => Object.hasOwn(now, name))) return undefined;
    const given = await this.givenTo(time, fed);
    const units = unitsAt(time, given, now);
    const known = this.known(time, given, units);
    if (known) return known;
    const own = this.chunks.filter((chunk) => isSame(chunk.given, given));
    this.isForetold = own.every(({ foretold }) => foretold.has(ahead.timestep));
    this.drop(this.isForetold ? own : this.chunks);
    if (!this.isForetold) return undefined;
    await this.compute(time, given, ahead, run);
    return this.known(time, given, units);
  }

  private async givenTo(time: TimeSegment, fed: ReadonlyMap<Value, DeviceTensor>): Promise<Given> {
    const [rowed, whole]: [Record<string, Tensor>, Record<string, DeviceTensor>] = [{}, {}];
    const timed = timedInputs(time);
    const count = fed.get(timed[0]!)!.shape[0]!;
    for (const value of time.segment.inputs) {
      if (timed.includes(value)) continue;
      const tensor = fed.get(value)!;
      if (hasRows(value, time.rows)) rowed[value.name] = await this.copyOf(tensor);
      else whole[value.name] = tensor;
    }
    const contents = Array.from({ length: count }, (_, row) =>
      this.nameOf(Object.values(rowed).map((tensor) => contentOf({ tensor, row }))),
    );
    return { rowed, contents, whole };
  }

  /** A copy of a tensor in this thread, made once. */
  private copyOf(tensor: DeviceTensor): Promise<Tensor> {
    const copy = this.read.get(tensor) ?? tensor.read();
    this.read.set(tensor, copy);
    return copy;
  }

  private nameOf(contents: readonly string[]): string {
    const content = contents.join();
    const name = this.contents.get(content) ?? String(this.contents.size);
    this.contents.set(content, name);
    return name;
  }

  /** Of units that one chunk has all of. */
  private known({ rows, areRowsApart }: TimeSegment, given: Given, units: readonly Unit[]): Outputs | undefined {
    const chunk = this.chunks.find(
      (one) =>
        hasSameBeside(one.given, given) &&
        units.every(({ key }) => one.places.has(key)) &&
        one.outputs.every(([, tensor]) => isAlive(tensor)),
    );
    if (!chunk) return undefined;
    const { places, outputs } = chunk;
    const taken = units.map(({ key }) => places.get(key)!);
    if (!areRowsApart || (taken.length === places.size && taken.every((place, i) => place === i))) return outputs;
    const tables = outputs.filter(([value]) => hasRows(value, rows));
    const parts = rowsOf(
      tables.map(([, tensor]) => tensor as RuntimeTensor),
      places.size,
      taken,
    );
    return [...outputs, ...tables.map(([value], i) => [value, parts[i]!] as const)];
  }

  private async compute(time: TimeSegment, given: Given, ahead: TimeAhead, run: GroupsRun): Promise<void> {
    const foretold = new Set(ahead.coming);
    const passes = [...foretold].map((timestep) => unitsAt(time, given, ahead.inputsAt(timestep)));
    const most = Math.max(this.leastHeld, weightBytes(time.segment) / 2) / bytesPerRow(time.segment);
    const units = withRoom(passes, most);
    const groups = time.areRowsApart ? [units] : units.map((unit) => [unit]);
    const outputs = await run(groups.map((group) => rowGroup(group, given, ahead)));
    const chunks = groups.map((group, i): Chunk => {
      const places = new Map(group.map(({ key }, place) => [key, place]));
      return { given, foretold, places, outputs: outputs[i]! };
    });
    this.chunks = [...this.chunks, ...chunks];
  }

  private drop(chunks: readonly Chunk[]): void {
    this.chunks = this.chunks.filter((chunk) => !chunks.includes(chunk));
    for (const { outputs } of chunks) for (const [, tensor] of outputs) tensor.release();
  }
}

function rowGroup(units: readonly Unit[], { rowed, whole }: Given, ahead: TimeAhead): RowGroup {
  const names = [...Object.keys(units[0]!.timed), ...Object.keys(rowed)];
  const joined = names.map((name) => {
    const rows = units.flatMap((unit) => unit.rows.map((row) => ({ tensor: unit.timed[name] ?? rowed[name]!, row })));
    return [name, ahead.upload(joinRows(rows))] as const;
  });
  const rows = units.reduce((sum, unit) => sum + unit.rows.length, 0);
  return { feeds: { ...whole, ...Object.fromEntries(joined) }, rows };
}

/** What the rows of a pass are computed from. */
function unitsAt(time: TimeSegment, { contents }: Given, inputs: HostTensors): readonly Unit[] {
  const timed = Object.fromEntries(timedInputs(time).map(({ name }) => [name, inputs[name]!]));
  const keys = contents.map((content, row) =>
    [content, ...Object.values(timed).map((tensor) => contentOf({ tensor, row }))].join(),
  );
  if (!time.areRowsApart) return [{ key: keys.join(";"), rows: keys.map((_, row) => row), timed }];
  return keys.map((key, row) => ({ key, rows: [row], timed }));
}

/** The units of so many passes as have at most so many rows, at least those of the first; equal ones once. */
function withRoom(passes: readonly (readonly Unit[])[], most: number): readonly Unit[] {
  const taken = new Map<string, Unit>();
  let rows = 0;
  for (const units of passes) {
    const fresh = new Map(units.filter(({ key }) => !taken.has(key)).map((unit) => [unit.key, unit]));
    const more = [...fresh.values()].reduce((sum, unit) => sum + unit.rows.length, 0);
    if (rows > 0 && rows + more > most) break;
    for (const [key, unit] of fresh) taken.set(key, unit);
    rows += more;
  }
  return [...taken.values()];
}

function bytesPerRow({ outputs }: Segment): number {
  return outputs.reduce((sum, { shape: [first = 1, ...rest], dtype }) => {
    const own = typeof first === "number" ? 0 : asMultiple(first)!.factor;
    return sum + rest.reduce<number>((product, dim) => product * Number(dim), own * itemSize[dtype]);
  }, 0);
}

function timedInputs({ segment }: TimeSegment): Value[] {
  return segment.inputs.filter(({ origin }) => origin.kind === "input" && origin.timed === true);
}

function hasRows({ shape: [first = 1] }: Value, rows: string): boolean {
  return asMultiple(first)?.name === rows;
}

/** Whether two passes are of equal images and branches. */
function isSame(a: Given, b: Given): boolean {
  return a.contents.join() === b.contents.join() && hasSameBeside(a, b);
}

/** Whether all is the same that no row has for its own, such as what runs beside weights. */
function hasSameBeside({ whole }: Given, other: Given): boolean {
  return Object.keys(whole).every((name) => whole[name] === other.whole[name]);
}

function isAlive(tensor: DeviceTensor): boolean {
  return tensor instanceof RuntimeTensor && tensor.isAlive;
}

function rowsOf(tables: readonly RuntimeTensor[], count: number, rows: readonly number[]): readonly DeviceTensor[] {
  return tables.length === 0 ? [] : tables[0]!.store.rows(tables, count, rows);
}
