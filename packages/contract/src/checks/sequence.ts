import type { GenerateConfig } from "@skipstep/core";
import type { CheckDefinition } from "../check";
import { ensure } from "../failure";
import type { PluginUnderTest, Setup } from "../plugin-under-test";
import { ensureSame } from "../same-result";
import { isTaken, otherInput } from "../variation";
import { generates } from "./model";

const times = 5;

export const repeats: CheckDefinition = {
  name: "gives the same for the same input, again and again",
  after: [generates],
  async run(tried) {
    const first = await tried.fresh();
    await tried.inUse(async (pipeline) => {
      for (let i = 1; i <= times; i++) {
        const result = await pipeline.generate();
        ensureSame(tried, result, first, `In generation ${i} of ${times} with the same input`);
        ensure(
          result.report.keptBytes === first.report.keptBytes,
          `Generation ${i} of ${times} kept ${result.report.keptBytes} bytes, the first one ${first.report.keptBytes}.`,
        );
      }
      return true;
    });
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

export const forgetsBatch: CheckDefinition = {
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

/** It begins at less noise than usual, and takes fewer steps. */
const forgetsBeginning: CheckDefinition = {
  name: "begins with an image in between",
  after: [forgetsInputs, forgetsStepCount],
  async run(tried) {
    const other: GenerateConfig = { image: await tried.picture(), strength: 0.5 };
    return alternate(tried, other, "an image to begin with");
  },
};

export const sequenceChecks = [
  repeats,
  forgetsInputs,
  forgetsStepCount,
  forgetsBatch,
  forgetsResolution,
  forgetsBeginning,
] as const;

/** Generates as usual, then otherwise, and as usual again, in one pipeline. */
export async function alternate(
  tried: PluginUnderTest,
  other: GenerateConfig,
  what: string,
  setup: Setup = { options: tried.mainOptions },
): Promise<string | undefined> {
  if (!(await isTaken(tried, other))) return `the model does not take ${Object.keys(other).join(" and ")}`;
  const usual = await tried.fresh({}, setup);
  await tried.inUse(async (pipeline, beganAsUsual) => {
    if (!beganAsUsual) await pipeline.generate();
    const found = await pipeline.generate(other);
    ensureSame(tried, found, await tried.fresh(other, setup), `With ${what} after a usual generation`);
    ensureSame(tried, await pipeline.generate(), usual, `As usual after a generation with ${what}`);
    return true;
  }, setup);
  return undefined;
}
