import { RegionMemories, RegionOutputs } from "@skipstep/caching";
import type { BlockCall, JSONSchemaType, Next, Plugin, Tensors } from "@skipstep/core/plugin";
import { inject, PluginOptions, plugin } from "@skipstep/core/plugin";
import { computesAt } from "./schedule";

export interface ForaOptions {
  /** Branches are computed at the first step and at every n-th one counted from the last. 1 computes all. */
  interval: number;
}

const options: JSONSchemaType<ForaOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    interval: {
      type: "integer",
      minimum: 1,
      default: 3,
      description:
        "Branches are computed at the first step and at every n-th one counted from the last. 1 computes all.",
    },
  },
};

/**
 * FORA, https://arxiv.org/abs/2407.01425: the outputs of attentions and feed forwards change little from step to step,
 * so most steps take the last ones. Shifts, scales and gates are those of the step. Steps are counted as in the
 * authors' code.
 */
@plugin<ForaOptions>({
  name: "fora",
  batchInvariant: true,
  description: "FORA: computes attentions and feed forwards at every n-th step only.",
  options,
  decides: true,
  requires: ["block-branches"],
  tunes: { interval: { from: 1, to: 10, scale: "integer" } },
  isIdle: ({ interval }) => interval === 1,
  regions: ({ branches = [] }) => branches.map(({ from, to }) => ({ name: from, from, to, lean: true })),
})
export class Fora implements Plugin {
  private readonly memories = new RegionMemories(() => new RegionOutputs());

  constructor(@inject(PluginOptions) private readonly options: ForaOptions) {}

  async blockForward(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const { interval } = this.options;
    const { index, count } = call.step;
    const last = this.memories.of(call);
    // A run may begin behind the first step, and change its size.
    if (last.fits(inputs) && !computesAt(call.step, interval)) return last.reuse();

    last.release();
    const outputs = await next(inputs);
    if (!computesAt({ index: index + 1, count }, interval)) last.learn(inputs, outputs); // else nobody would take them
    return outputs;
  }
}
