import { list } from "../errors/nearest";
import { nearestScheduler, settingOf } from "../errors/schedulers";
import { sameResult } from "../schedulers/same-result";
import { derivedSchema } from "../schema/derived-schema";
import { type Finding, invalid } from "../schema/finding";
import { isObject } from "../schema/json";
import type { JsonSchema } from "../schema/json-schema";
import { validate } from "../schema/validate";

/** Options schemas by scheduler class name. */
export type SchedulerSchemas = Readonly<Record<string, object>>;

/**
 * Checks a scheduler's options against its own schema. Defaults are not filled in: what is left out is the
 * checkpoint's to say.
 *
 * @param own class name of the checkpoint's scheduler, if it is known
 */
export function checkScheduler(scheduler: unknown, schemas: SchedulerSchemas, own: string | undefined): Finding[] {
  if (!isObject(scheduler)) return [];
  const { type = own } = scheduler;
  if (type !== undefined && typeof type !== "string") return []; // told by core's schema
  if (type === undefined) return validate(anySchedulerSchema(schemas), scheduler, ["scheduler"], false);
  const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  if (schema) return validate(schedulerSchema(schema), scheduler, ["scheduler"], false);
  if (scheduler.type === undefined) return []; // the checkpoint's mistake, told when it is opened
  const known = Object.keys(schemas);
  const same = Object.hasOwn(sameResult, type) ? ` The same result comes from ${settingOf(sameResult[type]!)}.` : "";
  return [
    {
      ...invalid(
        ["scheduler", "type"],
        `must be the class name of a scheduler, found "${type}".${same || nearestScheduler(type, known)} Known: ${list(known)}.`,
      ),
      code: "SKIPSTEP_SCHEDULER_UNKNOWN",
    },
  ];
}

/** A scheduler's options with `type` beside them. */
export const schedulerSchema = derivedSchema((schema: object) => ({
  ...schema,
  properties: { type: { type: "string" }, ...(schema as JsonSchema).properties },
}));

/** With no class named, at least the keys can be checked: each must be some scheduler's. */
const anySchedulerSchema = derivedSchema((schemas: SchedulerSchemas) => {
  const keys = Object.values(schemas).flatMap((schema) => Object.keys((schema as JsonSchema).properties ?? {}));
  return {
    type: "object",
    additionalProperties: false,
    properties: { type: {}, ...Object.fromEntries(keys.map((key) => [key, {}])) },
  };
});
