import { madeRun, madeStep, testRuntime } from "@skipstep/contract/graph";
import type { Runtime } from "@skipstep/core/model";
import {
  type DeviceTensor,
  floats,
  manifestOf,
  type Next,
  type Run,
  type Structure,
  type Tensors,
} from "@skipstep/core/plugin";
import { CacheDit, type CacheDitOptions } from "../src/index";
import { options as schema } from "../src/options";

/** A model of numbers: each block adds a number to each element of `hidden`, and one to all of `encoder`. */
export interface Toy {
  readonly options: Partial<CacheDitOptions>;
  readonly steps: number;
  readonly blocks?: number;
  /** What enters the first block; 0. */
  readonly hidden?: number | ((step: number, branch: Run["branch"]) => number);
  readonly adds: (block: number, step: number, branch: Run["branch"], element: number) => number;
  /** What each block adds to `encoder`; no such stream without it. */
  readonly encoderAdds?: (block: number, step: number) => number;
  /** One after the other at each step. */
  readonly branches?: readonly Run["branch"][];
  readonly firstStep?: number;
  /** `[tokens, width]` of a step; 4 x 8. */
  readonly size?: (step: number) => readonly [number, number];
}

/** What became of a pass. */
export interface SeenPass {
  /** First elements of what leaves the last block. */
  readonly hidden: number;
  readonly encoder: number | undefined;
  /** Regions that were skipped, by name. */
  readonly reused: readonly string[];
  /** The last number that was recorded under each name, and all numbers in order. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly recorded: readonly number[];
  /** Bytes that are kept while the middle is computed, and after the pass. */
  readonly keptWithin: number | undefined;
  readonly keptAfter: number;
}

const manifest = manifestOf(CacheDit)!;

/** The defaults, and these over them. */
export function optionsWith(options: Partial<CacheDitOptions>): CacheDitOptions {
  const properties = schema.properties as Readonly<Record<string, { readonly default: unknown }>>;
  const defaults = Object.fromEntries(Object.entries(properties).map(([name, { default: value }]) => [name, value]));
  return { ...defaults, ...options } as CacheDitOptions;
}

export function structureOf(blocks: number): Structure {
  const names = Array.from({ length: blocks }, (_, i) => `blocks.${i}`);
  return { className: "Toy", features: ["block-list"], lists: [{ name: "blocks", count: blocks }], blocks: names };
}

/** Runs the plugin over the toy, pass by pass. */
export async function runToy(toy: Toy): Promise<SeenPass[]> {
  const { steps, branches = ["batch"], firstStep = 0 } = toy;
  const options = optionsWith(toy.options);
  const plugin = new CacheDit(options);
  const runs = new Map<string, Run>(branches.map((branch) => [branch, madeRun(steps, branch)]));
  const runtime = await testRuntime();
  return await runtime.generation(async () => {
    const seen: SeenPass[] = [];
    for (let step = firstStep; step < steps; step++) {
      const latents = floats([1]);
      for (const branch of branches) {
        const at = madeStep(runs.get(branch)!, step, { latents });
        seen.push(await runtime.pass(() => runPass(toy, plugin, options, runtime, at)));
      }
    }
    return seen;
  });
}

type Step = Parameters<CacheDit["blockForward"]>[0]["step"];

async function runPass(
  { blocks = 4, hidden = 0, adds, encoderAdds, size = () => [4, 8] }: Toy,
  plugin: CacheDit,
  options: CacheDitOptions,
  runtime: Runtime,
  step: Step,
): Promise<SeenPass> {
  const { index, run } = step;
  const [tokens, width] = size(index);
  const elements = tokens * width;
  const upload = (values: Float32Array): DeviceTensor => runtime.upload(floats([1, tokens, width], values));
  const filled = (value: number): DeviceTensor => upload(new Float32Array(elements).fill(value));
  const valuesOf = async (tensor: DeviceTensor): Promise<Float32Array> => (await tensor.read()).data as Float32Array;

  const reused: string[] = [];
  const recorded: number[] = [];
  let numbers: Readonly<Record<string, number>> = {};
  let keptWithin: number | undefined;
  const structure = structureOf(blocks);
  const regions = manifest.regions!(structure, options as never);
  let streams: Tensors = {
    hidden: filled(typeof hidden === "number" ? hidden : hidden(index, run.branch)),
    ...(encoderAdds ? { encoder: filled(0) } : {}),
  };
  for (let block = 0; block < blocks; block++) {
    const at = regions.findIndex(({ from }) => from === structure.blocks[block]);
    const region = regions[at];
    const last = region?.to === undefined ? block : structure.blocks.indexOf(region.to);
    let computed = false;
    const next: Next = async (inputs) => {
      computed = true;
      if (at > 0) keptWithin = runtime.keptBytes;
      const ran = Array.from({ length: last - block + 1 }, (_, i) => block + i);
      const sum = (before: number, add: (block: number) => number): number =>
        ran.reduce((total, each) => total + add(each), before);
      const [before, encoder] = [await valuesOf(inputs.hidden!), inputs.encoder && (await valuesOf(inputs.encoder))];
      return {
        hidden: upload(before.map((value, i) => sum(value, (each) => adds(each, index, run.branch, i)))),
        ...(encoder ? { encoder: upload(encoder.map((e) => sum(e, (each) => encoderAdds!(each, index)))) } : {}),
      };
    };
    if (!region) streams = await next(streams);
    else {
      const call = {
        step,
        region: { name: region.name, index: at, from: region.from, to: region.to ?? region.from },
        record: (more: Readonly<Record<string, number>>) => {
          numbers = { ...numbers, ...more };
          recorded.push(...Object.values(more));
        },
      };
      streams = await plugin.blockForward(call, { ...streams, condition: filled(9) }, next);
      if (!computed) reused.push(region.name);
    }
    block = last;
  }
  return {
    hidden: (await valuesOf(streams.hidden!))[0]!,
    encoder: streams.encoder && (await valuesOf(streams.encoder))[0],
    reused,
    recorded,
    numbers,
    keptWithin,
    keptAfter: runtime.keptBytes,
  };
}
