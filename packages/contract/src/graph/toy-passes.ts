import { floats, type Runtime } from "@skipstep/core/model";
import type { BlockCall, Plugin, Step, Tensors } from "@skipstep/core/plugin";
import { madeRun, madeStep } from "./made-step";
import { testRuntime } from "./test-runtime";

/** A region of a model of numbers: every element of a tensor is the same. */
export interface ToyRegion {
  readonly name: string;
  /** What it adds to `hidden`, which enters the model as 1. */
  readonly adds: number;
  /** Other tensors that leave it. */
  readonly gives?: Readonly<Record<string, number>>;
  /** Regions within it; `adds` is what it adds with them. */
  readonly inside?: readonly ToyRegion[];
}

/** A generation of a model of numbers. */
export interface ToyRun {
  readonly count: number;
  /** The model of a step, in running order. */
  readonly regions: (step: number) => readonly ToyRegion[];
  readonly firstStep?: number;
  /** Tokens of a step; 4. */
  readonly tokens?: (step: number) => number;
  /** What plugins are told of a step beside its number. */
  readonly facts?: (step: number) => Partial<Step>;
}

/** What became of a step. */
export interface ToyStep {
  /** Names of the regions that were computed. */
  readonly computed: readonly string[];
  /** What leaves the model. */
  readonly hidden: number;
  /** The last number that was recorded under each name. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Tensors of 4 tokens that are kept after the step. */
  readonly kept: number;
}

const width = 8;

/** Runs a plugin's `blockForward` over a model of numbers, step by step. */
export async function runToy(
  plugin: Plugin,
  { count, regions, firstStep = 0, tokens, facts }: ToyRun,
): Promise<ToyStep[]> {
  const run = madeRun(count);
  const runtime = await testRuntime();
  return runtime.generation(async () => {
    const seen: ToyStep[] = [];
    for (let index = firstStep; index < count; index++) {
      const step = madeStep(run, index, facts?.(index));
      seen.push(await runtime.pass(() => runStep(plugin, runtime, step, regions(index), tokens?.(index) ?? 4)));
    }
    return seen;
  });
}

async function runStep(
  plugin: Plugin,
  runtime: Runtime,
  step: BlockCall["step"],
  regions: readonly ToyRegion[],
  tokens: number,
): Promise<ToyStep> {
  const computed: string[] = [];
  let numbers: Readonly<Record<string, number>> = {};
  const record: BlockCall["record"] = (more) => {
    numbers = { ...numbers, ...more };
  };
  const filled = (value: number) =>
    runtime.upload(floats([1, tokens, width], new Float32Array(tokens * width).fill(value)));
  const first = async ({ hidden }: Tensors): Promise<number> => Number((await hidden!.read()).data[0]);

  const arrive = async ({ name, adds, gives = {}, inside = [] }: ToyRegion, inputs: Tensors): Promise<Tensors> => {
    const region = { name, index: 0, from: name, to: name };
    return plugin.blockForward!({ step, region, record }, inputs, async (given) => {
      computed.push(name);
      let within = given;
      for (const inner of inside) within = await arrive(inner, within);
      const others = Object.entries(gives).map(([output, value]) => [output, filled(value)]);
      return { hidden: filled((await first(given)) + adds), ...Object.fromEntries(others) };
    });
  };
  let streams: Tensors = { hidden: filled(1) };
  for (const region of regions) streams = await arrive(region, { hidden: streams.hidden! });
  return { computed, hidden: await first(streams), numbers, kept: runtime.keptBytes / (4 * width * 4) };
}
