import { type GenerateConfig, inspectConfig, type Pipeline, validateConfig } from "@skipstep/core";
import type { Run } from "@skipstep/core/plugin";
import type { CheckDefinition } from "../check";
import { ensure } from "../failure";
import type { PluginUnderTest } from "../plugin-under-test";
import { decisions, ensureSame, isEqual } from "../same-result";
import { isTaken, latentDifference, otherInput } from "../variation";
import { watcher } from "../watcher";
import { alternate, forgetsBatch, forgetsInputs, repeats } from "./sequence";

const unguided: GenerateConfig = { guidance_scale: 0 };

export const keepsBranchesApart: CheckDefinition = {
  name: "keeps separate guidance branches apart",
  after: [repeats],
  async run(tried) {
    const idle = await idleGuidance(tried);
    if (!idle) return "the model has no second guidance branch that could be made to count for nothing";
    const setup = { options: tried.mainOptions, guidance: "separate" } as const;
    const [alone, guided] = [await tried.fresh(unguided, setup), await tried.fresh(idle, setup)];
    ensure(
      isEqual(alone, guided),
      `With "guidance": "separate" the negative prompt's steps reach into the prompt's: latents differ by up to ` +
        `${latentDifference(alone, guided)}. Each branch has a step.run of its own: keep state in a WeakMap by it.`,
    );
    return undefined;
  },
};

const beginsAnywhere: CheckDefinition = {
  name: "begins anew when guidance ends in the middle",
  after: [repeats, keepsBranchesApart],
  async run(tried) {
    const truncated: GenerateConfig = { cfg_truncation: 0.5 };
    if (!(await isTaken(tried, truncated))) return "the model's guidance does not end early";
    for (const guidance of ["batch", "separate"] as const) {
      const statement = async (pipeline: Pipeline): Promise<void> => {
        const first = await pipeline.generate(truncated);
        const again = await pipeline.generate(truncated);
        ensureSame(tried, again, first, "When guidance ends in the middle, the second time");
      };
      await tried.inUse(statement, { options: tried.mainOptions, guidance });
    }
    return undefined;
  },
};

/** Beside what rounding in batches of another size comes to: 1e-5 here. */
const mostRounding = 1e-3;

const sameEitherWay: CheckDefinition = {
  name: "does the same with guidance in one batch and separate, where it has a hand in passes",
  after: [repeats, keepsBranchesApart],
  async run(tried) {
    const { plugins } = inspectConfig(await validateConfig(tried.config({ options: tried.mainOptions })));
    const { hooks } = plugins[0]!;
    if (!hooks.includes("guidance") && !hooks.includes("predict")) return "it has neither guidance nor predict";
    const [joint, separate] = await Promise.all(
      (["batch", "separate"] as const).map((guidance) => tried.fresh({}, { options: tried.mainOptions, guidance })),
    );
    const [did, should] = [separate!, joint!].map((result) => decisions(tried, result));
    const difference = latentDifference(joint!, separate!);
    ensure(
      did === should && difference <= mostRounding,
      `With "guidance": "separate" the plugin ${did}, in one batch it ${should}; latents differ by ${difference}. ` +
        "What branches share hangs on step.run.generation, and branches says which are to be predicted.",
    );
    return undefined;
  },
};

const forgetsGuidance: CheckDefinition = {
  name: "goes without guidance in between",
  after: [forgetsInputs, forgetsBatch, beginsAnywhere],
  run: (tried) => alternate(tried, unguided, "no guidance"),
};

const forgetsSeparateInputs: CheckDefinition = {
  name: "forgets one input before the next with separate guidance, too",
  after: [forgetsInputs, keepsBranchesApart, beginsAnywhere],
  run: (tried) =>
    alternate(tried, otherInput(tried), "separate guidance and another prompt and seed", {
      options: tried.mainOptions,
      guidance: "separate",
    }),
};

export const guidanceChecks = [
  keepsBranchesApart,
  sameEitherWay,
  beginsAnywhere,
  forgetsGuidance,
  forgetsSeparateInputs,
] as const;

/**
 * Guidance with a second branch that runs and counts for nothing: beside the prompt's prediction, its share rounds
 * away. Families guide from a scale above 0 or above 1.
 */
function idleGuidance(tried: PluginUnderTest): Promise<GenerateConfig | undefined> {
  return tried.withoutPlugin("idle guidance", unguided, () => findIdleGuidance(tried));
}

async function findIdleGuidance(tried: PluginUnderTest): Promise<GenerateConfig | undefined> {
  const { prompt } = tried.request;
  if (prompt === undefined || !(await isTaken(tried, unguided))) return undefined;
  const setup = { options: undefined, guidance: "separate" } as const;
  for (const guidance_scale of [1e-30, 1 + Number.EPSILON]) {
    const request: GenerateConfig = { guidance_scale, negative_prompt: "all that is seen at night" };
    if (!(await isTaken(tried, request))) return undefined;
    const branches = new Set<Run["branch"]>();
    const outer = [watcher(({ run }) => branches.add(run.branch))];
    const guided = await tried.fresh(request, { ...setup, outer });
    if (branches.has("uncond") && isEqual(guided, await tried.fresh(unguided, setup))) return request;
  }
  return undefined;
}
