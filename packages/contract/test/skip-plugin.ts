import type {
  BlockCall,
  DeviceTensor,
  Hooks,
  Manifest,
  Next,
  Plugin,
  PluginClass,
  RegionRequest,
  Run,
  Structure,
  Tensors,
} from "@skipstep/core/plugin";
import { add, inject, PluginOptions, plugin, subtract } from "@skipstep/core/plugin";

export interface SkipOptions {
  /** Computes the blocks at every n-th step. */
  every: number;
}

export type BlockForward = Hooks["blockForward"];

/** The first block is always computed. */
function allButFirst({ blocks }: Structure): RegionRequest[] {
  return [{ name: "rest", from: blocks[1]!, to: blocks.at(-1)! }];
}

export const skipManifest: Manifest<SkipOptions> = {
  name: "skip",
  description: "Skips all blocks but the first at most steps.",
  options: {
    type: "object",
    additionalProperties: false,
    required: [],
    properties: { every: { type: "integer", minimum: 1, default: 2 } },
  },
  decides: true,
  requires: ["block-list"],
  regions: allButFirst,
};

/** A plugin of these hooks, with what its manifest says otherwise than the sound one's. */
export function pluginOf(
  hooks: (options: SkipOptions) => Plugin,
  changes: { readonly [Key in keyof Manifest<SkipOptions>]?: unknown } = {},
): PluginClass<SkipOptions> {
  class Skip implements Plugin {
    constructor(@inject(PluginOptions) options: SkipOptions) {
      Object.assign(this, hooks(options));
    }
  }
  plugin<SkipOptions>({ ...skipManifest, ...changes } as Manifest<SkipOptions>)(Skip);
  return Skip;
}

export interface Memory {
  /** Of the last computed step. */
  residual?: DeviceTensor;
}

/** What a faulty plugin does otherwise than the sound one. */
export interface Variation {
  /** What is remembered, where it is not kept by `step.run`. */
  memory?(call: BlockCall): Memory;
  /** Whether a step is skipped, beside what the options say. */
  skips?(call: BlockCall, inputs: Tensors): boolean;
  /** In place of letting go of the residual before. */
  release?(residual: DeviceTensor | undefined): void;
  /** In place of the outputs of a computed step. */
  computed?(outputs: Tensors, inputs: Tensors, next: Next): Tensors | Promise<Tensors>;
  /** In place of the outputs of a skipped step. */
  skipped?(outputs: Tensors): Tensors | Promise<Tensors>;
}

/** Adds the residual of the last computed step at all others. */
export function skipping({ every }: SkipOptions, variation: Variation = {}): BlockForward {
  const runs = new WeakMap<Run, Memory>();
  const memoryOf = ({ step }: BlockCall): Memory => {
    const memory = runs.get(step.run) ?? {};
    runs.set(step.run, memory);
    return memory;
  };
  const { memory: memoryFor = memoryOf, skips = () => true, release = (residual) => residual?.release() } = variation;
  return async (call, inputs, next) => {
    const memory = memoryFor(call);
    const { hidden } = inputs;
    if (memory.residual && call.step.index % every !== 0 && skips(call, inputs)) {
      const outputs = { hidden: await add(hidden!, memory.residual) };
      return variation.skipped ? variation.skipped(outputs) : outputs;
    }
    const outputs = await next(inputs);
    if (every > 1) {
      release(memory.residual);
      memory.residual = (await subtract(outputs.hidden!, hidden!)).keep();
    }
    return variation.computed ? variation.computed(outputs, inputs, next) : outputs;
  };
}

/** The sound plugin with one fault. */
export function faultySkip(
  variation: Variation,
  changes: { readonly [Key in keyof Manifest<SkipOptions>]?: unknown } = {},
): PluginClass<SkipOptions> {
  return pluginOf((options) => ({ blockForward: skipping(options, variation) }), changes);
}

export const Skip: PluginClass<SkipOptions> = faultySkip({}, { batchInvariant: true });
