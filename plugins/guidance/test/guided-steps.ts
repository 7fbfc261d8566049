import { madeRun, madeStep } from "@skipstep/contract/graph";
import { type Floats, floats, type GuidanceBranch, type GuidanceCall, manifestOf } from "@skipstep/core/plugin";
import { Guidance, type GuidanceOptions } from "../src/index";

/** What became of a step. */
export interface SeenStep {
  readonly asked: readonly GuidanceBranch[];
  readonly prediction: readonly number[];
  /** Whether the family may compare it with the prompt's prediction. */
  readonly guided: boolean;
  readonly numbers: Readonly<Record<string, number>>;
}

export interface GivenSteps {
  readonly count: number;
  /** Predictions of a step; `[1, 1, 1, n]` when the shape is left out. */
  readonly cond: (index: number) => readonly number[];
  readonly uncond: (index: number) => readonly number[];
  readonly shape?: readonly number[];
  readonly scale?: number;
  readonly base?: GuidanceCall["base"];
}

export function optionsWith(options: Partial<GuidanceOptions>): GuidanceOptions {
  const { properties } = manifestOf(Guidance)!.options as { readonly properties: Readonly<Record<string, object>> };
  const defaults = Object.entries(properties).map(([name, schema]) => [name, (schema as { default: unknown }).default]);
  return { ...Object.fromEntries(defaults), ...options };
}

/** Runs the plugin over the predictions of made-up steps. */
export async function guidedSteps(options: Partial<GuidanceOptions>, given: GivenSteps): Promise<SeenStep[]> {
  const plugin = new Guidance(optionsWith(options));
  const { count, scale = 3, base = "uncond" } = given;
  const run = madeRun(count);
  const seen: SeenStep[] = [];
  for (let index = 0; index < count; index++) {
    const [cond, uncond] = [given.cond(index), given.uncond(index)].map((values) =>
      floats(given.shape ?? [1, 1, 1, values.length], Float32Array.from(values)),
    ) as [Floats, Floats];
    let numbers: Readonly<Record<string, number>> = {};
    let asked: readonly GuidanceBranch[] = [];
    const combine: GuidanceCall["combine"] = (x, y, by = scale) => {
      const from = base === "cond" ? x : y;
      return {
        prediction: floats(
          x.shape,
          x.data.map((_, i) => from.data[i]! + by * (x.data[i]! - y.data[i]!)),
        ),
        cond: x,
        uncond: y,
      };
    };
    const call: GuidanceCall = {
      step: madeStep(run, index, { guidanceScale: scale }),
      base,
      shape: cond.shape,
      combine,
      record: (more) => {
        numbers = { ...numbers, ...more };
      },
    };
    const guided = await plugin.guidance(call, ["cond", "uncond"], async (branches) => {
      asked = branches;
      return branches.length === 2 ? combine(cond, uncond) : { prediction: cond, cond };
    });
    const isGuided = guided.cond !== undefined && guided.uncond !== undefined;
    seen.push({ asked, prediction: [...guided.prediction.data], guided: isGuided, numbers });
  }
  return seen;
}
