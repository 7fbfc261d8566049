import { ConfigError, validateConfig } from "@skipstep/core";
import type { CheckDefinition } from "../check";
import { ensure, fail } from "../failure";
import type { PluginUnderTest } from "../plugin-under-test";

const carriesManifest: CheckDefinition = {
  name: "carries a manifest",
  after: [],
  async run({ manifest, plugin }) {
    ensure(manifest !== undefined, `Class ${plugin.name} has no @plugin({ name, description, options }).`);
    const { name, conflicts = [] } = manifest;
    ensure(!conflicts.includes(name), `"conflicts" names the plugin itself; it never stands twice in a config anyway.`);
    return undefined;
  },
};

const hasValidSchema: CheckDefinition = {
  name: "has a valid options schema",
  after: [carriesManifest],
  async run(tried) {
    const problem = (await problemsOf(tried, {})).find(({ code }) => code === "SKIPSTEP_PLUGIN_MANIFEST");
    if (problem) fail(problem.message);
    return undefined;
  },
};

const hasDefaults: CheckDefinition = {
  name: "has a valid default for every option",
  after: [hasValidSchema],
  async run(tried) {
    const problems = optionProblems(await problemsOf(tried, {}));
    ensure(problems.length === 0, `Without options: ${problems.join(" ")} Give each option a valid "default".`);
    for (const [name, schema] of optionSchemas(tried))
      ensure(
        Object.hasOwn(schema, "default"),
        `Option "${name}" has no "default" in the schema: the plugin finds it undefined when a config does not set it.`,
      );
    return undefined;
  },
};

const takesItsOptions: CheckDefinition = {
  name: "takes the options that its contract gives",
  after: [hasDefaults],
  async run(tried) {
    for (const options of [tried.options.exact, tried.options.active]) {
      const problems = optionProblems(await problemsOf(tried, options ?? {}));
      ensure(problems.length === 0, problems.join(" "));
    }
    return undefined;
  },
};

const refusesUnknown: CheckDefinition = {
  name: "refuses an unknown option and names the nearest",
  after: [hasDefaults],
  async run(tried) {
    const [nearest] = optionSchemas(tried)[0] ?? [];
    const unknown = nearest === undefined ? "strength" : `${nearest}x`;
    const problems = optionProblems(await problemsOf(tried, { [unknown]: 1 }));
    ensure(
      problems.some((message) => message.includes(`"${unknown}"`) && message.includes(nearest ?? "")),
      `The schema takes an option "${unknown}", which the plugin does not know. Set "additionalProperties": false.`,
    );
    return undefined;
  },
};

export const canBeBuilt: CheckDefinition = {
  name: "can be built",
  after: [takesItsOptions],
  async run(tried) {
    await validateConfig(tried.config({ options: tried.mainOptions }));
    return undefined;
  },
};

export const manifestChecks = [
  carriesManifest,
  hasValidSchema,
  hasDefaults,
  takesItsOptions,
  refusesUnknown,
  canBeBuilt,
] as const;

/** What is wrong with a config that has the plugin with these options. */
async function problemsOf(tried: PluginUnderTest, options: object): Promise<ConfigError["problems"]> {
  try {
    await validateConfig(tried.config({ options }));
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.problems : []; // the rest is told where the plugin is built
  }
}

function optionProblems(problems: ConfigError["problems"]): string[] {
  return problems.filter(({ pointer }) => pointer.startsWith("/plugins/0/options")).map(({ message }) => message);
}

function optionSchemas({ manifest }: PluginUnderTest): [name: string, schema: object][] {
  return Object.entries((manifest!.options as { properties?: Readonly<Record<string, object>> }).properties ?? {});
}
