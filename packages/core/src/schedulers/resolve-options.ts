import { invalidSchedulerOption, unknownSchedulerOption } from "../errors/schedulers";
import type { JsonObject } from "../schema/json";
import type { JsonSchema } from "../schema/json-schema";
import type { OptionSchema, OptionsSchema } from "../schema/option";
import { validate } from "../schema/validate";

/**
 * A scheduler's options from a config: checked, with the schema's defaults where the config says nothing.
 *
 * @param raw keys that start with `_` are notes; what a file says besides is left out by `chooseScheduler`
 * @throws SKIPSTEP_SCHEDULER_OPTION_UNKNOWN, SKIPSTEP_SCHEDULER_OPTION_INVALID
 */
export function resolveOptions(
  scheduler: string,
  schema: OptionsSchema,
  raw: Readonly<JsonObject>,
): Readonly<JsonObject> {
  const known = schema.properties;
  const options: JsonObject = {};
  for (const [key, value] of Object.entries(raw)) {
    if (Object.hasOwn(known, key)) {
      const given = givenValue(known[key]!, value);
      if (given !== undefined) options[key] = given;
    } else if (!key.startsWith("_")) {
      throw unknownSchedulerOption(scheduler, key, Object.keys(known));
    }
  }
  const [problem] = validate(schema as unknown as JsonSchema, options, [], true);
  if (problem !== undefined) throw invalidSchedulerOption(scheduler, problem.path.join("/"), problem.text);
  checkBetas(scheduler, options);
  return options;
}

/** A table of betas has one for each of the training's timesteps. */
function checkBetas(
  scheduler: string,
  { trained_betas: betas, num_train_timesteps: count }: Readonly<JsonObject>,
): void {
  if (Array.isArray(betas) && betas.length < Number(count)) {
    throw invalidSchedulerOption(
      scheduler,
      "trained_betas",
      ` must have num_train_timesteps (${count}) entries, found ${betas.length}.`,
    );
  }
}

/** What a value of Python's means here; `undefined` for the default. */
function givenValue({ type }: OptionSchema<unknown>, value: unknown): unknown {
  if (Array.isArray(type) && type.includes("null")) return value === Number.NEGATIVE_INFINITY ? null : value;
  if (value !== null) return value;
  return type === "boolean" ? false : undefined;
}
