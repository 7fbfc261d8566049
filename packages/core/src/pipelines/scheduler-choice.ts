import type { Checkpoint } from "../checkpoint/checkpoint";
import type { SchedulerConfig } from "../config/config";
import type { JsonObject } from "../config/json";
import { schedulerUnfit } from "../errors/schedulers";
import { schedulerOptions, schedulerSchemas } from "../schedulers/registry";
import type { Family } from "./family";

/** A scheduler class with all its options. */
export interface SchedulerChoice {
  readonly className: string;
  readonly options: Readonly<JsonObject>;
}

/**
 * The config's scheduler over the checkpoint's. Another class takes over those of the checkpoint's options that it
 * knows, as diffusers' `from_config` does: the noise that the model was trained on stays the same.
 * @throws SKIPSTEP_COMPONENT_MISSING, SKIPSTEP_SCHEDULER_UNFIT, and what `schedulerOptions` throws
 */
export function chooseScheduler(
  checkpoint: Checkpoint,
  config: SchedulerConfig = {},
  family: Pick<Family, "className" | "schedulers" | "schedulerDefaults" | "mendScheduler">,
): SchedulerChoice {
  const { schedulers, schedulerDefaults = {}, mendScheduler = (options) => options } = family;
  const own = checkpoint.component("scheduler");
  const { type: className = own.className, ...options } = config;
  const known = Object.keys(schedulerSchemas[className]?.properties ?? {});
  const knownOf = (given: Readonly<JsonObject>): JsonObject => pick(given, (key) => known.includes(key));

  const inherited = pick(own.config, (key) => !key.startsWith("_")); // the rest are notes of diffusers
  const defaults = knownOf(schedulerDefaults);
  const kept =
    className === own.className
      ? mendScheduler(schedulerOptions(className, { ...defaults, ...inherited }))
      : { ...defaults, ...knownOf(mendScheduler(inherited)) };
  const chosen = { className, options: schedulerOptions(className, { ...kept, ...options }) };
  if (schedulers && !schedulers.includes(className)) throw schedulerUnfit(className, family.className, schedulers);
  return chosen;
}

function pick(options: Readonly<JsonObject>, takes: (key: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(options).filter(([key]) => takes(key)));
}
