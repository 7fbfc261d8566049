import { type Pipeline, SkipstepError } from "@skipstep/core";
import type { CheckDefinition } from "../check";
import { ensure } from "../failure";
import { ensureSame } from "../same-result";
import { otherInput } from "../variation";
import { forgetsInputs } from "./sequence";

const survivesAbort: CheckDefinition = {
  name: "is as new after an abort in mid-generation",
  after: [forgetsInputs],
  async run(tried) {
    const middle = Math.ceil(tried.request.num_inference_steps! / 2);
    const other = otherInput(tried);
    await tried.inUse(async (pipeline) => {
      for (const [request, what] of [
        [{}, "the same input"],
        [other, "another input"],
      ] as const) {
        const outcome = await aborted(pipeline, middle);
        ensure(
          outcome instanceof SkipstepError && outcome.code === "SKIPSTEP_CANCELLED",
          `An abort after step ${middle} must end in SKIPSTEP_CANCELLED, found ${String(outcome)}. Let errors of next() through.`,
        );
        ensureSame(tried, await pipeline.generate(request), await tried.fresh(request), `With ${what} after an abort`);
      }
    });
    return undefined;
  },
};

export const interruptionChecks = [survivesAbort] as const;

/** What a generation ends in that is aborted after a step. */
async function aborted(pipeline: Pipeline, after: number): Promise<unknown> {
  const controller = new AbortController();
  return pipeline
    .generate({
      signal: controller.signal,
      onProgress: (event) => {
        if (event.kind === "step" && event.step === after) controller.abort();
      },
    })
    .catch((error: unknown) => error);
}
