import type { BlockCall, JSONSchemaType, Next, Plugin, Run, Tensors } from "@skipstep/core/plugin";
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

/** What a branch gave at its last computed step. */
interface Kept {
  readonly outputs: Tensors;
  /** Of what it was given. */
  readonly shapes: string;
}

/**
 * FORA, https://arxiv.org/abs/2407.01425: the outputs of attentions and feed forwards change little from step to step,
 * so most steps take the last ones. Shifts, scales and gates are those of the step. Steps are counted as in the
 * authors' code.
 */
@plugin<ForaOptions>({
  name: "fora",
  description: "FORA: computes attentions and feed forwards at every n-th step only.",
  options,
  decides: true,
  requires: ["block-branches"],
  tunes: { interval: { from: 1, to: 10, scale: "integer" } },
  regions: ({ branches = [] }) => branches.map(({ from, to }) => ({ name: from, from, to, lean: true })),
})
export class Fora implements Plugin {
  /** By region. */
  private readonly memories = new WeakMap<Run, Map<string, Kept>>();

  constructor(@inject(PluginOptions) private readonly options: ForaOptions) {}

  async blockForward({ step, region }: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const { interval } = this.options;
    const memory = this.memoryOf(step.run);
    const known = memory.get(region.name);
    // A run may begin behind the first step, and change its size.
    const shapes = shapesOf(inputs);
    if (known?.shapes === shapes && !computesAt(step, interval)) return known.outputs;

    for (const tensor of Object.values(known?.outputs ?? {})) tensor.release();
    memory.delete(region.name);
    const outputs = await next(inputs);
    if (computesAt({ index: step.index + 1, count: step.count }, interval)) return outputs; // nobody would take them
    for (const tensor of Object.values(outputs)) tensor.keep();
    memory.set(region.name, { outputs, shapes });
    return outputs;
  }

  private memoryOf(run: Run): Map<string, Kept> {
    const memory = this.memories.get(run) ?? new Map<string, Kept>();
    this.memories.set(run, memory);
    return memory;
  }
}

function shapesOf(tensors: Tensors): string {
  return Object.values(tensors)
    .map(({ shape }) => shape.join())
    .join(";");
}
