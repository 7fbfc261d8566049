import { inject, type Plugin, type PluginClass, plugin } from "@skipstep/core/plugin";
import { faultySkip, pluginOf, type SkipOptions, skipping } from "../skip-plugin";
import type { Fault } from "./fault";

const schema = (every: object, more: object = {}): object => ({
  options: { type: "object", additionalProperties: false, required: [], properties: { every }, ...more },
});

class WithoutManifest implements Plugin {
  blockForward = skipping({ every: 2 });
}

/** A token that nobody offers. */
class WrongToken implements Plugin {
  constructor(@inject(Symbol.for("skipstep.Seed")) readonly options: SkipOptions) {}
  blockForward = skipping({ every: 2 });
}
const { options: optionsSchema } = schema({ type: "integer", default: 2 }) as { options: never };
plugin<SkipOptions>({ name: "skip", description: "Asks for what is not there.", options: optionsSchema })(WrongToken);

export const manifestFaults: readonly Fault[] = [
  {
    name: "a class without @plugin",
    plugin: WithoutManifest as unknown as PluginClass<SkipOptions>,
    fails: "carries a manifest",
    says: /WithoutManifest has no @plugin/,
  },
  {
    name: "a conflict with itself",
    plugin: faultySkip({}, { conflicts: ["skip"] }),
    fails: "carries a manifest",
    says: /names the plugin itself/,
  },
  {
    name: "a type that JSON Schema does not know",
    plugin: faultySkip({}, schema({ type: "whole", default: 2 })),
    fails: "has a valid options schema",
    says: /"skip" is wrong/,
  },
  {
    name: "an option without default",
    plugin: faultySkip({}, schema({ type: "integer", minimum: 1 })),
    fails: "has a valid default for every option",
    says: /Option "every" has no "default"/,
  },
  {
    name: "a required option",
    plugin: faultySkip({}, schema({ type: "integer" }, { required: ["every"] })),
    fails: "has a valid default for every option",
    says: /needs "every"/,
  },
  {
    name: "a default that its own schema refuses",
    plugin: faultySkip({}, schema({ type: "integer", minimum: 1, default: 0 })),
    fails: "has a valid default for every option",
    says: /every must be >= 1, found 0/,
  },
  {
    name: "a contract with an option out of range",
    plugin: faultySkip({}),
    options: { active: { every: 0 } },
    fails: "takes the options that its contract gives",
    says: /every must be >= 1, found 0/,
  },
  {
    name: "a schema that takes whatever is there",
    plugin: faultySkip({}, schema({ type: "integer", minimum: 1, default: 2 }, { additionalProperties: true })),
    fails: "refuses an unknown option and names the nearest",
    says: /"everyx".* Set "additionalProperties": false/,
  },
  {
    name: "a token that core does not offer",
    plugin: WrongToken,
    fails: "can be built",
    says: /asks for @inject\(Symbol\(skipstep.Seed\)\)/,
  },
  {
    name: "a constructor that throws",
    plugin: pluginOf(() => {
      throw new RangeError("planted");
    }),
    fails: "can be built",
    says: /"skip" failed in its constructor: planted/,
  },
  { name: "no hook at all", plugin: pluginOf(() => ({})), fails: "can be built", says: /has no hook/ },
  {
    name: "a feature that the model has not",
    plugin: faultySkip({}, { requires: ["unet"] }),
    fails: "can be built",
    says: /needs a model with: unet/,
  },
];
