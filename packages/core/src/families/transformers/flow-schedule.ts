import type { Settings } from "../../loop/settings";
import { shiftOfImage } from "../../schedulers/flow-shift";
import { linspace } from "../../schedulers/linspace";
import type { Schedule } from "../../schedulers/scheduler";

/**
 * Noise levels of flows whose pipelines say them: from pure noise evenly down, before the shift by the image's size.
 * @param scheduler its options @param tokenSide pixels along a side of a token
 */
export function flowSchedule(
  { num_inference_steps, sigmas, height, width }: Settings,
  scheduler: Readonly<Record<string, unknown>>,
  tokenSide: number,
): Schedule {
  const mu = shiftOfImage(scheduler, (height / tokenSide) * (width / tokenSide));
  // Schedulers of noise predictions space flows by themselves when they are told to.
  if (!sigmas && scheduler.use_flow_sigmas === true) return { num_inference_steps, mu };
  const own = linspace(1, 1 / num_inference_steps, num_inference_steps);
  return { num_inference_steps, mu, sigmas: sigmas ?? [...own] };
}
