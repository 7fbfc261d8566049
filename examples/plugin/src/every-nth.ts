import { RunMemories, StreamResiduals } from "@skipstep/caching";
import type { BlockCall, JSONSchemaType, Next, Plugin, Tensors } from "@skipstep/core/plugin";
import { inject, PluginOptions, plugin } from "@skipstep/core/plugin";

export interface EveryNthOptions {
  /** Computes the middle blocks at every n-th step. 1 computes them at every step. */
  every: number;
}

const options: JSONSchemaType<EveryNthOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: { every: { type: "integer", minimum: 1, default: 2, description: "Computes at every n-th step." } },
};

/** What the middle blocks add to each stream changes little from step to step: most steps add the last one again. */
@plugin<EveryNthOptions>({
  name: "every-nth",
  description: "Computes a transformer's middle blocks at every n-th step only.",
  options,
  decides: true,
  requires: ["block-list"],
  regions: ({ blocks }) => (blocks.length < 3 ? [] : [{ name: "middle", from: blocks[1]!, to: blocks.at(-2)! }]),
})
export class EveryNth implements Plugin {
  private readonly memories = new RunMemories(() => new StreamResiduals());

  constructor(@inject(PluginOptions) private readonly options: EveryNthOptions) {}

  async blockForward({ step }: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const { every } = this.options;
    if (every === 1) return next(inputs);
    const residuals = this.memories.of(step.run);
    if (residuals.fits(inputs) && step.index % every !== 0) return residuals.reuse(inputs, step.index);
    residuals.prepare(inputs);
    const outputs = await next(inputs);
    await residuals.learn(inputs, outputs, step.index);
    return outputs;
  }
}
