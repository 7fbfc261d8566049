import { invalidSchedule } from "../errors/schedulers";
import type { ScheduleRequest } from "./schedule-request";
import type { Schedule } from "./scheduler";

type Given = "sigmas" | "timesteps";

/**
 * Checks what the caller asks of a scheduler, and gives the number of inference steps.
 *
 * @param takes which of the caller's own spacings this scheduler can follow
 * @param most the most steps it can make, its training's number
 * @throws SKIPSTEP_SCHEDULE_INVALID
 */
export function inferenceSteps(
  scheduler: string,
  schedule: Schedule,
  takes: readonly Given[],
  most = Number.POSITIVE_INFINITY,
): number {
  const steps = schedule.num_inference_steps;
  if (!Number.isInteger(steps) || steps < 1) {
    throw invalidSchedule(scheduler, `num_inference_steps must be an integer of at least 1, found ${steps}.`);
  }
  if (steps > most) {
    throw invalidSchedule(scheduler, `num_inference_steps must be at most ${most}, found ${steps}.`);
  }
  for (const given of ["sigmas", "timesteps"] as const) {
    const values = schedule[given];
    if (values === undefined) continue;
    if (!takes.includes(given)) throw invalidSchedule(scheduler, `it takes no ${given} of the caller's.`);
    if (values.length !== steps) {
      throw invalidSchedule(scheduler, `${values.length} ${given} were given for num_inference_steps ${steps}.`);
    }
  }
  return steps;
}

/**
 * The caller's own timesteps, for schedulers that look them up in their training's table.
 *
 * @throws SKIPSTEP_SCHEDULE_INVALID unless they are integers below `trainSteps` that go down
 */
export function givenTimesteps(
  schedule: ScheduleRequest,
  timesteps: readonly number[],
  trainSteps: number,
): Float64Array {
  timesteps.forEach((timestep, i) => {
    if (!Number.isInteger(timestep) || timestep < 0 || timestep >= trainSteps) {
      throw schedule.invalid(`timesteps/${i} must be an integer of 0..${trainSteps - 1}, found ${timestep}.`);
    }
    if (i > 0 && timestep >= timesteps[i - 1]!) {
      throw schedule.invalid(`timesteps must go down, but ${timesteps[i - 1]} is followed by ${timestep}.`);
    }
  });
  return Float64Array.from(timesteps);
}
