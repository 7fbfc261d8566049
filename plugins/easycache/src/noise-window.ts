import type { Generation, Step } from "@skipstep/core/plugin";
import type { EasyCacheOptions } from "./options";

/** Of the training, at all models. */
const timesteps = 1000;

/** Whether a step's noise lies between that at a share `start` of the way from noise to image, and that at `end`. */
export function isBetween(step: Step, { start, end }: Pick<EasyCacheOptions, "start" | "end">): boolean {
  const shift = flowShift(step.run.generation);
  // Noise levels of other models rise with their timesteps, so that these can stand for them.
  const now = shift === undefined ? step.timestep : step.sigma;
  const noiseAt = (share: number): number => {
    const timestep = (1 - share) * (timesteps - 1);
    return shift === undefined ? timestep : shifted((timestep + 1) / timesteps, shift);
  };
  return (start === 0 || now <= noiseAt(start)) && (end === 1 || now > noiseAt(end));
}

/** How far noise levels of a flow are moved towards noise; `undefined` for models that were trained on no flow. */
function flowShift({ scheduler: { type, options }, mu }: Generation): number | undefined {
  const { use_dynamic_shifting, time_shift_type, use_flow_sigmas, shift, flow_shift } = options;
  if (!type.startsWith("FlowMatch") && use_flow_sigmas !== true) return undefined;
  if (use_dynamic_shifting === true && mu !== undefined) return time_shift_type === "linear" ? mu : Math.exp(mu);
  const given = use_flow_sigmas === true ? flow_shift : shift;
  return typeof given === "number" ? given : 1;
}

/** https://arxiv.org/abs/2403.03206, formula 23. */
function shifted(level: number, shift: number): number {
  return (shift * level) / (1 + (shift - 1) * level);
}
