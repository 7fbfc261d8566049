import type { PluginUnderTest } from "./plugin-under-test";

/** One statement about a plugin, as it is written down. */
export interface CheckDefinition {
  /** Follows the plugin's name: `stays within its tolerance`. */
  readonly name: string;
  /** What it builds on: where one of them fails, this one says nothing. */
  readonly after: readonly CheckDefinition[];
  /** The options of the contract that it is about; checks without any always apply. */
  readonly needs?: "exact" | "active";
  /**
   * @returns the reason, where it says nothing about this plugin or this model
   * @throws AssertionError when the plugin breaks it
   */
  run(tried: PluginUnderTest): Promise<string | undefined>;
}

/** One statement about one plugin, ready to run. */
export interface Check {
  readonly name: string;
  /**
   * Runs it, and what it builds on first; each runs once.
   * @returns the reason, where it was skipped
   * @throws AssertionError, or what core threw, when the plugin breaks it
   */
  run(): Promise<string | undefined>;
}

/** Binds definitions, in their order, to a plugin. */
export function bindChecks(definitions: readonly CheckDefinition[], tried: PluginUnderTest): Check[] {
  const outcomes = new Map<CheckDefinition, Promise<Outcome>>();
  const outcomeOf = (definition: CheckDefinition): Promise<Outcome> => {
    const known = outcomes.get(definition) ?? outcomeAfter(definition);
    outcomes.set(definition, known);
    return known;
  };
  const outcomeAfter = async (definition: CheckDefinition): Promise<Outcome> => {
    for (const earlier of definition.after) {
      const { failure, broken } = await outcomeOf(earlier);
      if (broken !== undefined) return { broken };
      if (failure !== undefined) return { broken: `"${earlier.name}" fails` };
    }
    try {
      const skipped = await definition.run(tried);
      return skipped === undefined ? {} : { skipped };
    } catch (failure) {
      return { failure };
    }
  };
  return definitions
    .filter(({ needs }) => needs === undefined || tried.options[needs] !== undefined)
    .map((definition) => ({
      name: definition.name,
      run: async () => {
        const { failure, broken, skipped } = await outcomeOf(definition);
        if (failure !== undefined) throw failure;
        return broken ?? skipped;
      },
    }));
}

/** What became of a check; nothing when it holds. */
interface Outcome {
  readonly failure?: unknown;
  /** What it builds on fails. */
  readonly broken?: string;
  /** It says nothing about this plugin or this model. */
  readonly skipped?: string;
}
