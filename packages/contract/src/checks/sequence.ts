import type { GenerateConfig } from "@skipstep/core";
import type { CheckDefinition } from "../check";
import { ensure } from "../failure";
import type { PluginUnderTest } from "../plugin-under-test";
import { ensureSame } from "../same-result";
import { isTaken, otherInput } from "../variation";
import { generates } from "./model";

const times = 5;

export const repeats: CheckDefinition = {
  name: "gives the same for the same input, again and again",
  after: [generates],
  async run(tried) {
    const first = await tried.fresh();
    const pipeline = await tried.open({ options: tried.mainOptions });
    for (let i = 1; i <= times; i++) {
      const result = await pipeline.generate();
      ensureSame(tried, result, first, `In generation ${i} of ${times} with the same input`);
      ensure(
        result.report.keptBytes === first.report.keptBytes,
        `Generation ${i} of ${times} kept ${result.report.keptBytes} bytes, the first one ${first.report.keptBytes}.`,
      );
    }
    await pipeline.close();
    return undefined;
  },
};

export const forgetsInputs: CheckDefinition = {
  name: "forgets one input before the next",
  after: [repeats],
  run: (tried) => alternate(tried, otherInput(tried), "another prompt and seed"),
};

const forgetsStepCount: CheckDefinition = {
  name: "takes another number of steps in between",
  after: [repeats],
  async run(tried) {
    const steps = tried.request.num_inference_steps!;
    if (tried.request.sigmas || tried.request.timesteps) return "its contract gives the noise levels";
    return (
      (await alternate(tried, { num_inference_steps: steps + 3 }, "more steps")) ??
      alternate(tried, { num_inference_steps: 1 }, "one step")
    );
  },
};

const forgetsBatch: CheckDefinition = {
  name: "takes a batch in between",
  after: [repeats],
  run: (tried) => alternate(tried, { num_images_per_prompt: 3 }, "three images"),
};

const forgetsResolution: CheckDefinition = {
  name: "takes another resolution in between",
  after: [repeats],
  async run(tried) {
    const { height, width } = tried.request;
    if (height === undefined || width === undefined) return "its contract gives no height and width";
    return alternate(tried, { width: width * 2 }, "twice the width");
  },
};

export const sequenceChecks = [repeats, forgetsInputs, forgetsStepCount, forgetsBatch, forgetsResolution] as const;

/** Generates as usual, then otherwise, and as usual again, in one pipeline. */
async function alternate(tried: PluginUnderTest, other: GenerateConfig, what: string): Promise<string | undefined> {
  if (!(await isTaken(tried, other))) return `the model does not take ${JSON.stringify(other)}`;
  const pipeline = await tried.open({ options: tried.mainOptions });
  await pipeline.generate();
  ensureSame(tried, await pipeline.generate(other), await tried.fresh(other), `With ${what} after a usual generation`);
  ensureSame(tried, await pipeline.generate(), await tried.fresh(), `As usual after a generation with ${what}`);
  await pipeline.close();
  return undefined;
}
