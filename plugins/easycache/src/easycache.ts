import {
  type Floats,
  type GuidanceBranch,
  inject,
  ModelStructure,
  type NextPredict,
  type Plugin,
  PluginOptions,
  type PredictCall,
  type Predictions,
  plugin,
  type Structure,
} from "@skipstep/core/plugin";
import { EasyRule } from "./easy-rule";
import { ruleUnfit, windowEmpty } from "./errors";
import { GenerationMemory } from "./generation-memory";
import { type EasyCacheOptions, options, type RuleName, thresholds } from "./options";
import { URule } from "./u-rule";

/**
 * EasyCache and UCache, as stable-diffusion.cpp has them: how far a prediction will have moved is expected of how far
 * the model's input did. While little adds up, the denoiser is skipped, and what its last prediction differed from its
 * input by is added to the input of now. The prompt's branch decides for both.
 */
@plugin<EasyCacheOptions>({
  name: "easycache",
  description: "EasyCache, on U-Nets UCache: skips the whole denoiser while its prediction is expected to stay.",
  options,
  decides: ["predictions", "blocks"], // without a prediction no block runs
  regions: (structure, options) => {
    checkOptions(structure, options);
    return [];
  },
  tunes: {
    threshold: { from: 0.02, to: 2, scale: "log" },
    start: { values: [0.3, 0.15, 0.05, 0] },
    end: { values: [0.8, 0.95, 1] },
  },
  isIdle: ({ threshold }) => threshold === 0,
  thresholds: ({ threshold }) => (threshold === null ? {} : { accumulated: threshold }),
})
export class EasyCache implements Plugin {
  private readonly memories = new WeakMap<object, GenerationMemory>();
  private readonly rule: RuleName;
  private readonly threshold: number;

  constructor(
    @inject(PluginOptions) private readonly options: EasyCacheOptions,
    @inject(ModelStructure) structure: Structure,
  ) {
    this.rule = ruleFor(structure);
    this.threshold = options.threshold ?? thresholds[this.rule];
  }

  buildWarnings(): readonly string[] {
    const { decay, relative, reset } = this.options;
    if (this.rule === "ucache" || (decay === 1 && relative && reset)) return [];
    return ['Options "decay", "relative" and "reset" of plugin "easycache" are for U-Nets: they have no effect here.'];
  }

  async predict(call: PredictCall, input: Floats, next: NextPredict): Promise<Predictions> {
    if (this.threshold === 0) return next(input);
    const memory = this.memoryOf(call);
    if (!memory.isActive(call.step)) return next(input);
    const { index } = call.step;
    const isReused = call.branches.includes("cond") ? decide(call, memory, input) : memory.reusedStep === index;
    if (isReused && call.branches.every((branch) => memory.knows(branch)))
      return everyBranch(call, (branch) => memory.reuse(branch, input));
    const predictions = await next(input);
    const rate = memory.learn(input, predictions, index);
    if (rate !== undefined) call.record({ transformation_rate: rate });
    return predictions;
  }

  private memoryOf({ step: { run, count } }: PredictCall): GenerationMemory {
    const { options, threshold } = this;
    const known = this.memories.get(run.generation);
    if (known) return known;
    const rule = this.rule === "ucache" ? new URule(options, threshold, count) : new EasyRule(options, threshold);
    const memory = new GenerationMemory(rule);
    this.memories.set(run.generation, memory);
    return memory;
  }
}

/** For the whole step, where the prompt's branch is asked for. */
function decide({ step, branches, record }: PredictCall, memory: GenerationMemory, input: Floats): boolean {
  const change = memory.measure(input);
  if (change === undefined) return false;
  record({ input_change: change });
  const verdict = branches.every((branch) => memory.knows(branch)) ? memory.judge(change) : undefined;
  if (!verdict) return false;
  const { reuse, ...numbers } = verdict;
  record(numbers);
  if (reuse) memory.reusedStep = step.index;
  return reuse;
}

function everyBranch({ branches }: PredictCall, make: (branch: GuidanceBranch) => Floats): Predictions {
  return Object.fromEntries(branches.map((branch) => [branch, make(branch)]));
}

function ruleFor({ features }: Structure): RuleName {
  return features.includes("unet") ? "ucache" : "easycache";
}

/** @throws SKIPSTEP_PLUGIN_OPTION for a rule that is not the model's, and for an empty window */
function checkOptions(structure: Structure, { rule, start, end }: EasyCacheOptions): void {
  const fitting = ruleFor(structure);
  if (rule !== null && rule !== fitting) throw ruleUnfit(rule, structure.className, fitting);
  if (start >= end) throw windowEmpty(start, end);
}
