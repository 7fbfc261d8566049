import { type BlockCall, type Next, type PluginClass, plugin, type Step, type Tensors } from "@skipstep/core";

/** What a watcher is told. */
export interface Watched {
  /** A step begins. */
  step?(step: Step): void;
  /** The latents are others after a hook of the plugins inside. */
  changed?(hook: string): void;
}

/** A plugin around the whole model that changes nothing. */
export function watcher(watched: Watched): PluginClass {
  class Watcher {
    private before = new Float32Array();

    beforeStep(step: Step): void {
      watched.step?.(step);
      this.before = step.latents.data.slice();
    }

    async blockForward({ step }: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
      this.compare(step, "beforeStep");
      const outputs = await next(inputs);
      this.compare(step, "blockForward");
      return outputs;
    }

    private compare({ latents }: Step, hook: string): void {
      if (latents.data.some((value, i) => value !== this.before[i])) watched.changed?.(hook);
      this.before = latents.data.slice();
    }
  }
  plugin<Record<string, never>>({
    name: "contract-watcher",
    description: "Watches the latents.",
    options: { type: "object", additionalProperties: false, required: [], properties: {} },
    regions: () => [{ name: "model", from: "" }],
  })(Watcher);
  return Watcher;
}
