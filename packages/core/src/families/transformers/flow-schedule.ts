import type { Settings } from "../../loop/settings";
import { linspace } from "../../schedulers/linspace";
import type { Schedule } from "../../schedulers/scheduler";

/**
 * Noise levels of flows whose pipelines say them: from pure noise evenly down, before the shift.
 * @param scheduler its options @param mu of the shift
 */
export function flowSchedule(
  { num_inference_steps, sigmas }: Settings,
  scheduler: Readonly<Record<string, unknown>>,
  mu: number,
): Schedule {
  // Schedulers of noise predictions space flows by themselves when they are told to.
  if (!sigmas && scheduler.use_flow_sigmas === true) return { num_inference_steps, mu };
  const own = linspace(1, 1 / num_inference_steps, num_inference_steps);
  return { num_inference_steps, mu, sigmas: sigmas ?? [...own] };
}
