import { createHash } from "node:crypto";
import type { Runtime } from "../runtime/runtime";
import type { Floats, Tensor } from "../tensor";
import type { Runs } from "./program";

/**
 * Runs a function of a text encoder.
 * @param inputs a tensor for each of the graph's inputs
 * @param outputs names of those that are read @returns them, for the caller to keep
 * @throws SKIPSTEP_CANCELLED, SKIPSTEP_RUN_FAILED
 */
export type Encode = (
  inputs: Readonly<Record<string, Tensor>>,
  outputs: readonly string[],
  signal?: AbortSignal,
) => Promise<Floats[]>;

/** How often text encoders were asked, and did not have to run. */
export interface EncodingCount {
  readonly computed: number;
  readonly remembered: number;
}

export interface EncodingSource {
  readonly runtime: Runtime;
  /** A function of a component; its main one when there is no name. */
  runs(component: string, entry: string | undefined): Runs | Promise<Runs>;
  /** What a component computes with in this generation besides its weights: equal texts stand for equal results. */
  stateOf(component: string): string;
}

/**
 * Runs of text encoders, and what they gave: the same inputs give the same outputs, so the next image of a prompt opens
 * no text encoder. What was not asked for longest goes first.
 */
export class Encodings {
  private readonly known = new Map<string, Map<string, ReadonlyMap<string, Floats>>>();
  private readonly counted = { computed: 0, remembered: 0 };

  /** @param limit results that are kept of each component */
  constructor(
    private readonly source: EncodingSource,
    private readonly limit: number,
  ) {}

  /** Counts from now on. */
  since(): () => EncodingCount {
    const { computed, remembered } = this.counted;
    return () => ({
      computed: this.counted.computed - computed,
      remembered: this.counted.remembered - remembered,
    });
  }

  /** As `FamilyParts.encoder`. */
  readonly of =
    (component: string, entry?: string): Encode =>
    async (inputs, outputs, signal) => {
      if (this.limit === 0) return this.run(component, entry, inputs, outputs, signal);
      const ofComponent = this.known.get(component) ?? new Map<string, ReadonlyMap<string, Floats>>();
      this.known.set(component, ofComponent);
      const key = keyOf([entry ?? "", this.source.stateOf(component)], inputs);
      const found = ofComponent.get(key);
      if (found && outputs.every((name) => found.has(name))) {
        this.counted.remembered++;
        remember(ofComponent, key, found, this.limit);
        return outputs.map((name) => copied(found.get(name)!));
      }
      const made = await this.run(component, entry, inputs, outputs, signal);
      const all = new Map([...(found ?? []), ...outputs.map((name, i) => [name, copied(made[i]!)] as const)]);
      remember(ofComponent, key, all, this.limit);
      return made;
    };

  private async run(
    component: string,
    entry: string | undefined,
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Floats[]> {
    const { runtime, runs } = this.source;
    const program = await runs(component, entry);
    const made = await runtime.pass(async () => {
      const fed = Object.entries(inputs).map(([name, tensor]) => [name, runtime.upload(tensor)] as const);
      const given = await program.run(Object.fromEntries(fed), { signal });
      return Promise.all(outputs.map(async (name) => (await given[name]!.read()) as Floats));
    });
    this.counted.computed++;
    return made;
  }
}

function remember<Value>(known: Map<string, Value>, key: string, value: Value, limit: number): void {
  known.delete(key);
  known.set(key, value);
  for (const oldest of known.keys()) if (known.size > limit) known.delete(oldest);
}

/** Callers may write into what they are given. */
function copied({ shape, dtype, data }: Floats): Floats {
  return { shape, dtype, data: data.slice() };
}

function keyOf(facts: readonly string[], inputs: Readonly<Record<string, Tensor>>): string {
  const hash = createHash("sha256").update(JSON.stringify(facts));
  for (const [name, { dtype, shape, data }] of Object.entries(inputs)) {
    hash.update(JSON.stringify([name, dtype, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("base64");
}
