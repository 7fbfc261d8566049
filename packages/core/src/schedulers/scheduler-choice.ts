import type { JsonObject } from "../schema/json";

/** A scheduler class with all its options. */
export interface SchedulerChoice {
  readonly className: string;
  readonly options: Readonly<JsonObject>;
}
