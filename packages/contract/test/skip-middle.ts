import { type BlockCall, type Next, type Plugin, plugin, type Tensors } from "@skipstep/core/plugin";

/** Leaves the second block out at odd steps. */
@plugin<Record<string, never>>({
  name: "skip-middle",
  description: "Leaves the second block out at odd steps.",
  options: { type: "object", additionalProperties: false, required: [], properties: {} },
  requires: ["block-list"],
  regions: ({ blocks }) => [{ name: "middle", from: blocks[1]!, to: blocks[1]! }],
})
export class SkipMiddle implements Plugin {
  async blockForward({ step }: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    return step.index % 2 === 1 ? { hidden: inputs.hidden! } : next(inputs);
  }
}
