import type { Checkpoint } from "../checkpoint/checkpoint";
import type { SchedulerConfig } from "../config/config";
import type { JsonObject } from "../config/json";
import { schedulerOptions, schedulerSchemas } from "../schedulers/registry";

/** A scheduler class with all its options. */
export interface SchedulerChoice {
  readonly className: string;
  readonly options: Readonly<JsonObject>;
}

/**
 * The config's scheduler over the checkpoint's. Another class takes over those of the checkpoint's options that it
 * knows, as diffusers' `from_config` does: the noise that the model was trained on stays the same.
 * @throws SKIPSTEP_COMPONENT_MISSING, and what `schedulerOptions` throws
 */
export function chooseScheduler(checkpoint: Checkpoint, config: SchedulerConfig = {}): SchedulerChoice {
  const own = checkpoint.component("scheduler");
  const { type: className = own.className, ...options } = config;
  const notes = ([key]: [string, unknown]): boolean => !key.startsWith("_");
  const inherited = Object.entries(own.config).filter(notes);
  const known = Object.keys(schedulerSchemas[className]?.properties ?? {});
  const kept = className === own.className ? inherited : inherited.filter(([key]) => known.includes(key));
  return { className, options: schedulerOptions(className, { ...Object.fromEntries(kept), ...options }) };
}
