import type { CheckDefinition } from "../check";
import { ensure } from "../failure";
import { repeats } from "./sequence";

/** By the first, a method has filled all that it remembers. */
const stepCounts = [16, 32] as const;

const releasesTensors: CheckDefinition = {
  name: "releases what it keeps: more steps need no more memory",
  after: [repeats],
  async run(tried) {
    if (tried.request.sigmas || tried.request.timesteps) return "its contract gives the noise levels";
    await tried.inUse(async (pipeline) => {
      const kept = async (steps: number): Promise<number> =>
        (await pipeline.generate({ num_inference_steps: steps })).report.keptBytes;
      const [few, many] = [await kept(stepCounts[0]), await kept(stepCounts[1])];
      ensure(
        many <= few,
        `It keeps ${few} bytes over ${stepCounts[0]} steps and ${many} over ${stepCounts[1]}. ` +
          "Call release() on a kept tensor when another takes its place.",
      );
    });
    return undefined;
  },
};

export const memoryChecks = [releasesTensors] as const;
