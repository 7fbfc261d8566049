import type { GenerateConfig, GenerateResult, Pipeline } from "@skipstep/core";
import type { CheckDefinition } from "../check";
import { ensureSame } from "../same-result";
import { otherInput } from "../variation";
import { keepsBranchesApart } from "./guidance";
import { forgetsInputs } from "./sequence";

const keepsGenerationsApart: CheckDefinition = {
  name: "keeps two generations of one pipeline apart that run at once",
  after: [forgetsInputs, keepsBranchesApart],
  async run(tried) {
    const other = otherInput(tried);
    await tried.inUse(async (pipeline) => {
      const [first, second] = await interleaved(pipeline, other);
      ensureSame(tried, first, await tried.fresh(), "While another generation runs in the same pipeline");
      ensureSame(tried, second, await tried.fresh(other), "Begun inside another generation of the same pipeline");
    });
    return undefined;
  },
};

const keepsPipelinesApart: CheckDefinition = {
  name: "keeps two pipelines apart that run at once",
  after: [keepsGenerationsApart],
  async run(tried) {
    const other = otherInput(tried);
    const setup = { options: tried.mainOptions };
    await tried.inUse(async (pipeline) => {
      const beside = await tried.open(setup);
      const [first, second] = await besideEachOther(pipeline, beside, other);
      ensureSame(tried, first, await tried.fresh(), "While another pipeline runs");
      ensureSame(tried, second, await tried.fresh(other), "While another pipeline runs");
      await beside.close();
    });
    return undefined;
  },
};

export const concurrencyChecks = [keepsGenerationsApart, keepsPipelinesApart] as const;

/** Attempts at steps that alternate. From the second on, pipelines are warm and remember their prompts. */
const mostAttempts = 5;

/** Times that a step of one follows a step of the other: more than where one began as the other ended. */
const fewestChanges = 3;

/** Of two generations, by their names. */
type Noted = (name: "first" | "second", kind: string) => void;

/** Two generations whose steps alternate: where one was done before the other's first step, once more. */
async function alternating(
  attempt: (note: Noted) => Promise<[GenerateResult, GenerateResult]>,
): Promise<[GenerateResult, GenerateResult]> {
  for (let attempts = 1; ; attempts++) {
    const order: string[] = [];
    const results = await attempt((name, kind) => {
      if (kind === "step") order.push(name);
    });
    const changes = order.filter((name, i) => i > 0 && name !== order[i - 1]).length;
    if (changes >= fewestChanges || attempts === mostAttempts) return results;
  }
}

/**
 * Core lets a generation wait for the one before it, but not one that is begun inside of it: their steps alternate. Begun
 * before the other's first step, it is not behind by all of them.
 */
function interleaved(pipeline: Pipeline, other: GenerateConfig): Promise<[GenerateResult, GenerateResult]> {
  return alternating(async (note) => {
    let second: Promise<GenerateResult> | undefined;
    const begin = (): Promise<GenerateResult> =>
      pipeline.generate({ ...other, onProgress: ({ kind }) => note("second", kind) });
    const first = await pipeline.generate({
      onProgress: ({ kind }) => {
        note("first", kind);
        if (kind === "encode") second ??= begin();
      },
    });
    return [first, await second!];
  });
}

/** Two pipelines at work at once. */
function besideEachOther(
  pipeline: Pipeline,
  beside: Pipeline,
  other: GenerateConfig,
): Promise<[GenerateResult, GenerateResult]> {
  return alternating((note) =>
    Promise.all([
      pipeline.generate({ onProgress: ({ kind }) => note("first", kind) }),
      beside.generate({ ...other, onProgress: ({ kind }) => note("second", kind) }),
    ]),
  );
}
