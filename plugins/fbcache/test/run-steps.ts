import { madeRun, madeStep, testRuntime } from "@skipstep/contract/graph";
import { floats, type Runtime } from "@skipstep/core/model";
import type { DeviceTensor, Run, Tensors } from "@skipstep/core/plugin";
import { FirstBlockCache, type FirstBlockCacheOptions } from "../src/index";

/** What a block adds to a stream, in each element. */
export interface GivenStep {
  readonly first: number;
  /** What the other blocks add to `hidden`; they add twice that to `encoder`, and also return `pooled`, which is no stream. */
  readonly rest: number;
  /** Tokens; 4 where nothing is said. */
  readonly tokens?: number;
}

/** What became of a step. */
export interface SeenStep {
  /** Whether the other blocks were computed. */
  readonly computed: boolean;
  /** First elements of what left the last block. */
  readonly hidden: number;
  readonly encoder: number;
  readonly pooled: number;
  /** The measured difference; `undefined` where none was measured. */
  readonly difference: number | undefined;
  /** Tensors of 4 tokens that are kept while the other blocks run, and after the step. */
  readonly keptWithin: number;
  readonly keptAfter: number;
}

const defaults: FirstBlockCacheOptions = { threshold: 0.08, rule: "para_attn", warmup_steps: 0, taylorseer_order: 0 };
const width = 8;

const bytesOfTensor = 4 * width * 4;

/** Runs the plugin over a model of numbers: `hidden` enters the first block as 1, `encoder` the second as 2. */
export async function runSteps(
  options: Partial<FirstBlockCacheOptions>,
  steps: readonly GivenStep[],
): Promise<SeenStep[]> {
  const plugin = new FirstBlockCache({ ...defaults, ...options });
  const run = madeRun(steps.length);
  const runtime = await testRuntime();
  return runtime.generation(async () => {
    const seen: SeenStep[] = [];
    for (const [index, given] of steps.entries())
      seen.push(await runtime.pass(() => runStep(plugin, runtime, run, index, given)));
    return seen;
  });
}

async function runStep(
  plugin: FirstBlockCache,
  runtime: Runtime,
  run: Run,
  index: number,
  { first, rest, tokens = 4 }: GivenStep,
): Promise<SeenStep> {
  const filled = (value: number): DeviceTensor =>
    runtime.upload(floats([1, tokens, width], new Float32Array(tokens * width).fill(value)));
  let difference: number | undefined;
  let keptWithin = 0;
  const call = (name: string, at: number): Parameters<FirstBlockCache["blockForward"]>[0] => ({
    step: madeStep(run, index),
    region: { name, index: at, from: name, to: name },
    record: ({ residual_diff }) => {
      difference = residual_diff;
    },
  });
  const { hidden } = await plugin.blockForward(call("first", 0), { hidden: filled(1) }, async () => ({
    hidden: filled(1 + first),
  }));
  let computed = false;
  const computeRest = async (): Promise<Tensors> => {
    computed = true;
    keptWithin = runtime.keptBytes / bytesOfTensor;
    return { hidden: filled(1 + first + rest), encoder: filled(2 + 2 * rest), pooled: filled(index) };
  };
  const outputs = await plugin.blockForward(
    call("rest", 1),
    { hidden: hidden!, encoder: filled(2), condition: filled(9) },
    computeRest,
  );
  const firstOf = async (name: string): Promise<number> => Number((await outputs[name]!.read()).data[0]);
  const values = {
    hidden: await firstOf("hidden"),
    encoder: await firstOf("encoder"),
    pooled: await firstOf("pooled"),
  };
  return { computed, ...values, difference, keptWithin, keptAfter: runtime.keptBytes / bytesOfTensor };
}
