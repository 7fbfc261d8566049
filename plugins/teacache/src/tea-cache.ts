import { Indicator, RunMemories, StreamResiduals } from "@skipstep/caching";
import {
  type BlockCall,
  type DeviceTensor,
  inject,
  ModelStructure,
  type Next,
  type Plugin,
  PluginOptions,
  plugin,
  type RegionRequest,
  type Structure,
  type Tensors,
} from "@skipstep/core/plugin";
import { calibration, Measurements } from "./calibration";
import { coefficientsMissing } from "./errors";
import { officialCoefficients } from "./official-coefficients";
import { options, type TeaCacheOptions } from "./options";
import { evaluate } from "./polynomial";

/** What a run remembers. */
interface Memory {
  /** The modulated input of the step before, computed or not. */
  readonly input: Indicator;
  /** Sum of the rescaled changes since the last computed step. */
  accumulated: number;
  readonly residuals: StreamResiduals;
  /** What the current step decided. */
  reuse: boolean;
}

/**
 * TeaCache, https://arxiv.org/abs/2411.19108: how far the first block's modulated input moves from step to step tells
 * how far the model's output does. The changes are rescaled by a polynomial and summed up, and a step is computed once
 * the sum reaches the threshold; the others add again what all blocks added last.
 */
@plugin<TeaCacheOptions>({
  name: "teacache",
  description: "TeaCache: skips all blocks until the changes of the first one's modulated input add up.",
  options,
  decides: true,
  requires: ["block-list", "block-branches"],
  regions,
  calibration,
  tunes: { rel_l1_thresh: { from: 0.02, to: 1, scale: "log" } },
  isIdle: ({ rel_l1_thresh, calibrate }) => rel_l1_thresh === 0 && !calibrate,
  thresholds: ({ rel_l1_thresh }) => ({ accumulated: rel_l1_thresh }),
})
export class TeaCache implements Plugin {
  private readonly memories = new RunMemories<Memory>(() => ({
    input: new Indicator(),
    accumulated: 0,
    residuals: new StreamResiduals(),
    reuse: false,
  }));
  private readonly measurements = new Measurements();
  private readonly coefficients: readonly number[];

  constructor(
    @inject(PluginOptions) private readonly options: TeaCacheOptions,
    @inject(ModelStructure) structure: Structure,
  ) {
    this.coefficients = coefficientsFor(structure, options);
  }

  async blockForward(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    if (this.options.calibrate) return this.measurements.observe(call, inputs, next);
    if (this.options.rel_l1_thresh === 0) return next(inputs);
    return call.region.name === "input" ? this.decide(call, inputs, next) : this.compute(call, inputs, next);
  }

  /** Computes the modulated input and decides for the blocks. */
  private async decide(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const { run, index, count } = call.step;
    const outputs = await next(inputs);
    const memory = this.memories.of(run);
    const isLast = index === count - 1;
    memory.reuse = !isLast && memory.residuals.fits(inputs) && (await this.isClose(call, memory, outputs.modulated!));
    if (isLast) memory.input.release();
    else memory.input.keep(outputs.modulated!);
    if (memory.reuse) return outputs;
    memory.accumulated = 0;
    memory.residuals.prepare(inputs);
    return outputs;
  }

  /** Adds the remembered residual, or computes the blocks and remembers theirs. */
  private async compute({ step }: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const { residuals, reuse } = this.memories.of(step.run);
    if (reuse) return residuals.reuse(inputs, step.index);
    const outputs = await next(inputs);
    if (step.index + 2 < step.count) await residuals.learn(inputs, outputs, step.index); // the last one takes nothing
    return outputs;
  }

  /** What is no finite number, as after an input of zeros, is not close, whatever the polynomial makes of it. */
  private async isClose(call: BlockCall, memory: Memory, input: DeviceTensor): Promise<boolean> {
    const change = await memory.input.change(input);
    if (change === undefined) return false;
    memory.accumulated += evaluate(this.coefficients, change);
    call.record({ input_diff: change, accumulated: memory.accumulated });
    return Number.isFinite(change) && memory.accumulated < this.options.rel_l1_thresh;
  }
}

/** All that comes before the first attention, and all the rest of the blocks. */
function regions(structure: Structure, options: TeaCacheOptions): RegionRequest[] {
  coefficientsFor(structure, options);
  const [first, last] = [structure.blocks[0]!, structure.blocks.at(-1)!];
  const attention = structure.branches![0]!.from;
  const input = { name: "input", from: first, until: attention };
  return options.calibrate
    ? [{ name: "output", from: "" }, input]
    : [input, { name: "blocks", from: attention, to: last }];
}

/** @throws SKIPSTEP_PLUGIN_OPTION for a model that has none, when none are given */
function coefficientsFor({ className }: Structure, { coefficients, calibrate }: TeaCacheOptions): readonly number[] {
  if (calibrate) return [];
  const found = coefficients ?? officialCoefficients[className];
  if (!found) throw coefficientsMissing(className, Object.keys(officialCoefficients));
  return found;
}
