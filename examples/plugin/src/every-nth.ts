import type { BlockCall, DeviceTensor, JSONSchemaType, Next, Plugin, Run, Tensors } from "@skipstep/core/plugin";
import { add, inject, PluginOptions, plugin, subtract } from "@skipstep/core/plugin";

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
  private readonly residuals = new WeakMap<Run, Record<string, DeviceTensor>>();

  constructor(@inject(PluginOptions) private readonly options: EveryNthOptions) {}

  async blockForward({ step }: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const { every } = this.options;
    if (every === 1) return next(inputs);
    const known = this.residuals.get(step.run);
    if (known && step.index % every !== 0) {
      const outputs: Record<string, DeviceTensor> = {};
      for (const [name, residual] of Object.entries(known)) outputs[name] = await add(inputs[name]!, residual);
      return outputs;
    }
    const outputs = await next(inputs);
    const residuals: Record<string, DeviceTensor> = {};
    for (const [name, output] of Object.entries(outputs)) {
      known?.[name]?.release();
      residuals[name] = (await subtract(output, inputs[name]!)).keep();
    }
    this.residuals.set(step.run, residuals);
    return outputs;
  }
}
