import { SkipstepError } from "./error";
import { didYouMean, list } from "./nearest";

/** @param same one of ours, with its options, that gives what this one would */
export function unknownScheduler(
  name: string,
  known: readonly string[],
  same?: Readonly<Record<string, unknown>>,
): SkipstepError {
  const advice = same
    ? ` The same result comes from "scheduler": ${settingOf(same)} in the config.`
    : `${nearestScheduler(name, known)} Known: ${list(known)}. Choose one in the config: "scheduler": { "type": "<one of these>" }.`;
  return new SkipstepError("SKIPSTEP_SCHEDULER_UNKNOWN", `No scheduler is called "${name}".${advice}`);
}

/** For authors of schedulers. @param problem `needs "create"` */
export function schedulerInvalid(className: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_SCHEDULER_INVALID", `The scheduler ${className} ${problem}.`);
}

/** Two schedulers of one class: two plugins', or a plugin's and core's. */
export function schedulerTwice(name: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SCHEDULER_TWICE",
    `There are two schedulers of the class ${name}. Remove one of the plugins that bring it; core's own schedulers stay.`,
  );
}

/** `{ "type": "DDIMScheduler" }` */
export function settingOf(scheduler: Readonly<Record<string, unknown>>): string {
  return `{ ${Object.entries(scheduler)
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(", ")} }`;
}

/** As `didYouMean`, also for names whose last part was left out: `DDIM`, `Euler`, `UniPC`. */
export function nearestScheduler(name: string, known: readonly string[]): string {
  const stem = (name: string): string => name.replace(/(Discrete|Multistep)?(Scheduler)?$/, "").toLowerCase();
  const same = known.find((other) => stem(other) === stem(name));
  if (same !== undefined) return ` Did you mean "${same}"?`;
  return (
    didYouMean(name, known) || didYouMean(`${name}DiscreteScheduler`, known) || didYouMean(`${name}Scheduler`, known)
  );
}

export function unknownSchedulerOption(scheduler: string, option: string, known: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SCHEDULER_OPTION_UNKNOWN",
    `${scheduler} has no option "${option}".${didYouMean(option, known)} It takes: ${list(known)}.`,
  );
}

/** A scheduler that the checkpoint's pipeline cannot use. */
export function schedulerUnfit(scheduler: string, pipeline: string, known: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SCHEDULER_UNFIT",
    `${pipeline} cannot use the scheduler ${scheduler}. It can use: ${list(known)}. Choose one in the config: "scheduler": { "type": "<one of these>" }.`,
  );
}

/** @param problem begins with a space: ` must be >= 0, found -1.` */
export function invalidSchedulerOption(scheduler: string, option: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_SCHEDULER_OPTION_INVALID", `${scheduler}'s option "${option}"${problem}`);
}

export function schedulerOptionsConflict(scheduler: string, options: readonly string[], advice: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT",
    `${scheduler}'s options ${list(options)} do not go together: ${advice}`,
  );
}

export function invalidSchedule(scheduler: string, reason: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_SCHEDULE_INVALID", `${scheduler} cannot be spaced like this: ${reason}`);
}

export function generatorMissing(scheduler: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SCHEDULER_NEEDS_GENERATOR",
    `${scheduler} draws noise in every step and was given no generator. Pass the generation's generator to step().`,
  );
}

export function learnedVarianceMissing(scheduler: string, shape: readonly number[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SCHEDULER_NEEDS_VARIANCE",
    `${scheduler}'s variance_type is learned, but the model's output [${list(shape.map(String))}] has no channels for ` +
      "it. Set variance_type to fixed_small.",
  );
}
