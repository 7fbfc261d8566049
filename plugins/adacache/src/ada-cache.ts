import { Indicator, RegionMemories, RunMemories, StreamResiduals } from "@skipstep/caching";
import {
  type BlockCall,
  inject,
  type Next,
  type Plugin,
  PluginOptions,
  plugin,
  type RegionRequest,
  type Structure,
  subtract,
  type Tensors,
} from "@skipstep/core/plugin";
import { type Codebook, codebooks, isAnchor, rateFor } from "./codebook";
import { blockMissing, codebookUnsorted } from "./errors";
import { type AdaCacheOptions, options } from "./options";

/** What a run remembers of its last computed step. */
interface Memory {
  step: number;
  /** Steps that it is to last. */
  rate: number;
  readonly residuals: StreamResiduals;
  /** Changes that the current step measured. */
  changes: number[];
}

/**
 * AdaCache, https://arxiv.org/abs/2411.02397: the less a block's residual changed between two computed steps, the more
 * steps the next one lasts, by a codebook. Images have no frames, so there is no motion to regard.
 */
@plugin<AdaCacheOptions>({
  name: "adacache",
  description: "AdaCache: the less a block changed, the more steps one computation lasts.",
  options,
  decides: true,
  requires: ["block-list"],
  tunes: {
    codebook: {
      values: [
        "slow",
        [
          [0.08, 4],
          [0.16, 3],
          [0.24, 2],
          [1, 1],
        ],
        "fast",
        [
          [0.16, 6],
          [0.32, 4],
          [1, 2],
        ],
      ],
    },
  },
  regions,
})
export class AdaCache implements Plugin {
  private readonly memories = new RunMemories<Memory>(() => ({
    step: 0,
    rate: 1,
    residuals: new StreamResiduals(),
    changes: [],
  }));
  /** Residuals of the measured blocks. */
  private readonly indicators = new RegionMemories(() => new Indicator());
  private readonly codebook: Codebook;
  private readonly isOff: boolean;

  constructor(@inject(PluginOptions) { codebook }: AdaCacheOptions) {
    this.codebook = codebookOf(codebook);
    this.isOff = this.codebook.every(([, rate]) => rate === 1);
  }

  async blockForward(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    if (this.isOff) return next(inputs);
    return call.region.name === "blocks" ? this.decide(call, inputs, next) : this.measure(call, inputs, next);
  }

  /** Adds what all blocks added last, or computes them and looks up how long that lasts. */
  private async decide({ step, record }: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const memory = this.memories.of(step.run);
    const { residuals } = memory;
    const isDue = isAnchor(step) || step.index >= memory.step + memory.rate;
    if (!isDue && residuals.fits(inputs)) return residuals.reuse(inputs, step.index);
    residuals.prepare(inputs);
    memory.changes = [];
    const outputs = await next(inputs);
    memory.step = step.index;
    if (memory.changes.length > 0) {
      const change = memory.changes.reduce((sum, each) => sum + each, 0) / memory.changes.length;
      memory.rate = rateFor(this.codebook, change);
      record({ residual_diff: change, rate: memory.rate });
    }
    const isNextComputed = memory.rate === 1 || isAnchor({ ...step, index: step.index + 1 });
    if (!isNextComputed) await residuals.learn(inputs, outputs, step.index);
    return outputs;
  }

  /** Computes a block and measures how its residual changed since the last computed step, for one step between. */
  private async measure(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const outputs = await next(inputs);
    const { changes, rate } = this.memories.of(call.step.run);
    const indicator = this.indicators.of(call);
    const residual = await subtract(outputs.hidden!, inputs.hidden!);
    const change = await indicator.change(residual);
    if (change !== undefined) changes.push(change / rate);
    indicator.keep(residual);
    return outputs;
  }
}

/** All blocks as one, and in it those that are measured. */
function regions(structure: Structure, { cache_loc, codebook }: AdaCacheOptions): RegionRequest[] {
  const { blocks } = structure;
  const changes = codebookOf(codebook).map(([change]) => change);
  if (changes.some((change, i) => i > 0 && change <= changes[i - 1]!)) throw codebookUnsorted();
  const measured = [...(cache_loc ?? [Math.floor((blocks.length - 1) / 2)])].sort((a, b) => a - b);
  const unknown = measured.find((block) => block >= blocks.length);
  if (unknown !== undefined) throw blockMissing(unknown, structure);
  return [
    { name: "blocks", from: blocks[0]!, to: blocks.at(-1)! },
    ...measured.map((block) => ({ name: blocks[block]!, from: blocks[block]! })),
  ];
}

function codebookOf(codebook: AdaCacheOptions["codebook"]): Codebook {
  return typeof codebook === "string" ? codebooks[codebook] : codebook;
}
