import { schedulerTwice, unknownScheduler } from "../errors/schedulers";
import type { JsonObject } from "../schema/json";
import type { OptionsSchema } from "../schema/option";
import type { SchedulerDefinition } from "./define-scheduler";
import { isProcess, type Process } from "./process";
import { resolveOptions } from "./resolve-options";
import { sameResult } from "./same-result";
import type { Schedule, Scheduler } from "./scheduler";

/** Schedulers by their class names: core's, and those of a config's plugins. */
export class Schedulers {
  private readonly byName: ReadonlyMap<string, SchedulerDefinition>;
  /** Options schemas by class name, for checking a config and for editors. */
  readonly schemas: Readonly<Record<string, OptionsSchema>>;

  /** @throws SKIPSTEP_SCHEDULER_TWICE for two of one class name */
  constructor(definitions: readonly SchedulerDefinition[]) {
    const names = definitions.map(({ className }) => className);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw schedulerTwice(twice);
    this.byName = new Map(definitions.map((definition) => [definition.className, definition]));
    this.schemas = Object.fromEntries(definitions.map(({ className, schema }) => [className, schema]));
  }

  /**
   * The scheduler of one generation.
   *
   * @param className as in diffusers, such as `DDIMScheduler`
   * @param config the checkpoint's scheduler_config.json with the user's options over it
   * @throws SKIPSTEP_SCHEDULER_UNKNOWN, SKIPSTEP_SCHEDULER_OPTION_UNKNOWN, SKIPSTEP_SCHEDULER_OPTION_INVALID,
   *   SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT, SKIPSTEP_SCHEDULE_INVALID
   */
  create(className: string, config: Readonly<JsonObject>, schedule: Schedule): Scheduler {
    return this.of(className).make(this.options(className, config), schedule);
  }

  /**
   * The options that a config comes to, all of them: what the config leaves out has its default.
   *
   * @throws SKIPSTEP_SCHEDULER_UNKNOWN, SKIPSTEP_SCHEDULER_OPTION_UNKNOWN, SKIPSTEP_SCHEDULER_OPTION_INVALID
   */
  options(className: string, config: Readonly<JsonObject>): Readonly<JsonObject> {
    return resolveOptions(className, this.of(className).schema, config);
  }

  /** Names of all options of a class; none for one that is unknown. */
  optionNames(className: string): string[] {
    return Object.keys(this.byName.get(className)?.schema.properties ?? {});
  }

  /**
   * Class names of those that a family can use.
   *
   * @param choice processes of models, each of which stands for all of its schedulers, and class names
   * @param but class names of those that it cannot use all the same
   */
  among(choice: readonly string[], but: readonly string[] = []): string[] {
    const sampling = (process: Process): string[] =>
      [...this.byName.values()]
        .filter(({ processes }) => processes.includes(process))
        .map(({ className }) => className);
    const names = new Set(choice.flatMap((one) => (isProcess(one) ? sampling(one) : [one])));
    return [...names].filter((name) => !but.includes(name));
  }

  private of(className: string): SchedulerDefinition {
    const found = this.byName.get(className);
    if (found) return found;
    const same = Object.hasOwn(sameResult, className) ? sameResult[className] : undefined;
    throw unknownScheduler(className, [...this.byName.keys()], same);
  }
}
