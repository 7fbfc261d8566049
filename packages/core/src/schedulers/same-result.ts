import type { JsonObject } from "../schema/json";

/** Classes of diffusers that Skipstep lacks, and the setting of ours that gives the same result. */
export const sameResult: Readonly<Record<string, Readonly<JsonObject>>> = {
  // The same steps, for several timesteps at once.
  DDIMParallelScheduler: { type: "DDIMScheduler" },
  DDPMParallelScheduler: { type: "DDPMScheduler" },
  // But for `scale_factors`, with which latents grow on the way.
  FlowMatchLCMScheduler: { type: "FlowMatchEulerDiscreteScheduler", stochastic_sampling: true },
};
