import { type BlockCall, type Next, type PluginClass, plugin, type Step, type Tensors } from "@skipstep/core/plugin";

/** A plugin around the whole model that changes nothing. @param onStep told when a step begins */
export function watcher(onStep: (step: Step) => void = () => undefined): PluginClass {
  class Watcher {
    beforeStep(step: Step): void {
      onStep(step);
    }

    blockForward(_call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
      return next(inputs);
    }
  }
  plugin<Record<string, never>>({
    name: "contract-watcher",
    description: "Watches the steps.",
    options: { type: "object", additionalProperties: false, required: [], properties: {} },
    regions: () => [{ name: "model", from: "" }],
  })(Watcher);
  return Watcher;
}
