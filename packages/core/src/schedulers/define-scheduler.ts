import type { JsonObject } from "../schema/json";
import type { OptionsSchema } from "../schema/option";
import type { Schedule, Scheduler } from "./scheduler";

/** One class of schedulers: its options, and how one is made from them. */
export interface SchedulerDefinition {
  /** As in `model_index.json` and `"scheduler": { "type": ... }`: `DDIMScheduler`. */
  readonly className: string;
  readonly schema: OptionsSchema;
  /** @param options all of the schema's, valid by it */
  make(options: Readonly<JsonObject>, schedule: Schedule): Scheduler;
}

/**
 * Ties a scheduler's class to the schema of its options, for `schedulers` of a plugin's manifest.
 *
 * @param className as in diffusers where it has the scheduler, so that checkpoints find it
 * @param Class made anew for each generation; throws SKIPSTEP_SCHEDULE_INVALID for a schedule that it cannot follow
 */
export function defineScheduler<Options>(
  className: string,
  schema: OptionsSchema<Options>,
  Class: new (options: Options, schedule: Schedule) => Scheduler,
): SchedulerDefinition {
  return {
    className,
    schema: schema as unknown as OptionsSchema,
    make: (options, schedule) => new Class(options as Options, schedule),
  };
}
