import { defineScheduler } from "@skipstep/core/model";
import { plugin } from "@skipstep/core/plugin";

interface ToldOptions {
  readonly adaptive: boolean;
}

/** Straight steps down from pure noise, whose timesteps are told before the first one, or one by one. */
const toldTimesteps = defineScheduler<ToldOptions>({
  className: "ToldTimestepsScheduler",
  processes: ["flow", "variance-preserving"],
  options: { adaptive: { type: "boolean", default: false, description: "Tells no timestep before its step." } },
  create: ({ adaptive }, schedule) => {
    const steps = schedule.steps(["sigmas"]);
    const sigmas = Float32Array.from({ length: steps + 1 }, (_, i) => 1 - i / steps);
    return {
      adaptive,
      sigmas,
      timesteps: sigmas.subarray(0, steps).map((sigma) => Math.round(999 * sigma)),
      step: ({ index, sample, output }) => sample.map((x, i) => x + (sigmas[index + 1]! - sigmas[index]!) * output[i]!),
    };
  },
});

@plugin<Record<string, never>>({
  name: "told-timesteps",
  description: "A scheduler that says its timesteps beforehand, or does not.",
  options: { type: "object", additionalProperties: false, required: [], properties: {} },
  schedulers: [toldTimesteps],
})
export class ToldTimesteps {}

/** `"scheduler"` of a config. @param isTold whether timesteps are known before the first step */
export function toldScheduler(isTold: boolean): { readonly type: string; readonly adaptive: boolean } {
  return { type: toldTimesteps.className, adaptive: !isTold };
}
