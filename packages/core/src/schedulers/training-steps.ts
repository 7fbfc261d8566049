import { integer, type OptionSchema } from "../schema/option";

/** Steps of a training, which tables are made of. */
export function trainingSteps(value: number, description?: string): OptionSchema<number> {
  return integer(value, { minimum: 1, maximum: 100_000, ...(description === undefined ? {} : { description }) });
}
