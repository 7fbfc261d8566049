import "reflect-metadata";
import { type Hooks, hookKinds } from "../src/hooks";
import type { Manifest } from "../src/plugins/manifest";
import { type Plugin, type PluginClass, plugin } from "../src/plugins/plugin";

/** Every hook, by name. */
export const hookNames = Object.keys(hookKinds) as (keyof Hooks)[];

const manifest: Omit<Manifest<Record<string, never>>, "name"> = {
  description: "Writes down what it is asked.",
  options: { type: "object", additionalProperties: false, required: [], properties: {} },
  regions: ({ blocks }) => [{ name: "rest", from: blocks[1]!, to: blocks.at(-1)! }],
};

/** A plugin with these hooks. */
export function pluginWith(
  name: string,
  hooks: () => Plugin,
  changes: Partial<Manifest<Record<string, never>>> = {},
): PluginClass {
  class Made implements Plugin {
    constructor() {
      Object.assign(this, hooks());
    }
  }
  plugin<Record<string, never>>({ ...manifest, name, ...changes })(Made);
  return Made;
}

/** A plugin with every hook, which changes nothing and writes into `log`: `a.beforeStep`, `a.blockForward`, `/a.blockForward`. */
export function recorder(name: string, log: string[]): PluginClass {
  const asked = (hook: keyof Hooks) => (): undefined => {
    log.push(`${name}.${hook}`);
  };
  const hooks: Hooks = {
    weightLoad({ input }, graph) {
      log.push(`${name}.weightLoad`);
      graph.observe(`${name}.last`, input);
      return undefined;
    },
    attention: asked("attention"),
    tokens: asked("tokens"),
    graphBuilt: asked("graphBuilt"),
    async guidance(_call, branches, next) {
      log.push(`${name}.guidance`);
      const guided = await next(branches);
      log.push(`/${name}.guidance`);
      return guided;
    },
    async predict(_call, input, next) {
      log.push(`${name}.predict`);
      const predictions = await next(input);
      log.push(`/${name}.predict`);
      return predictions;
    },
    beforeStep: asked("beforeStep"),
    async blockForward(_call, inputs, next) {
      log.push(`${name}.blockForward`);
      const outputs = await next(inputs);
      log.push(`/${name}.blockForward`);
      return outputs;
    },
    observed: asked("observed"),
    afterStep: asked("afterStep"),
  };
  return pluginWith(name, () => hooks);
}
