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
      // Both are in the middle at once: the new one has read its prompt when it begins, and the other remembers its own.
      let first: Promise<GenerateResult> | undefined;
      const onProgress = ({ kind }: { readonly kind: string }): void => {
        if (kind === "step") first ??= pipeline.generate();
      };
      const second = await beside.generate({ ...other, onProgress });
      ensureSame(tried, await first!, await tried.fresh(), "While another pipeline runs");
      ensureSame(tried, second, await tried.fresh(other), "While another pipeline runs");
      await beside.close();
    });
    return undefined;
  },
};

export const concurrencyChecks = [keepsGenerationsApart, keepsPipelinesApart] as const;

/**
 * Core lets a generation wait for the one before it, but not one that is begun inside of it: their steps alternate. Begun
 * before the other's first step, it is not behind by all of them.
 */
async function interleaved(pipeline: Pipeline, other: GenerateConfig): Promise<[GenerateResult, GenerateResult]> {
  let second: Promise<GenerateResult> | undefined;
  const first = await pipeline.generate({
    onProgress: ({ kind }) => {
      if (kind === "encode") second ??= pipeline.generate(other);
    },
  });
  return [first, await second!];
}
