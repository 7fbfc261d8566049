import { isBatchInvariant } from "@skipstep/core/plugin";
import type { CheckDefinition } from "../check";
import { ensure } from "../failure";
import { decisions } from "../same-result";
import { latentDifference, otherInput } from "../variation";
import { forgetsBatch, forgetsInputs } from "./sequence";

/** Beside what rounding in batches of another size comes to. */
const mostRounding = 1e-4;

const isInvariant: CheckDefinition = {
  name: "draws each image of a batch as it would alone, where it says so",
  after: [forgetsInputs, forgetsBatch],
  async run(tried) {
    const other = otherInput(tried);
    const requests = [{}, other];
    const alone = [await tried.fresh(), await tried.fresh(other)];
    let why: string | undefined;
    await tried.inUse(async (pipeline) => {
      const { name, options } = pipeline.plugins.find((plugin) => plugin.name === tried.name)!;
      if (!isBatchInvariant({ name, options, manifest: tried.manifest! }))
        why = "its manifest does not say that it is batchInvariant";
      if (why !== undefined) return false;
      const found = await Promise.all(pipeline.generateTogether(requests));
      if (found.some(({ report }) => report.together === undefined)) why = "the model draws such requests one by one";
      for (const [i, result] of found.entries()) {
        const difference = latentDifference(result, alone[i]!);
        const [did, should] = [result, alone[i]!].map((each) => decisions(tried, each));
        ensure(
          did === should && difference <= mostRounding,
          `Request ${i + 1} of two in one batch: the plugin ${did}, alone it ${should}; latents differ by ${difference}. ` +
            "A manifest with batchInvariant promises that nothing of one image reaches another.",
        );
      }
      return false;
    });
    return why;
  },
};

export const batchChecks = [isInvariant] as const;
