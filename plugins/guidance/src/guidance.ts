import { RunMemories } from "@skipstep/caching";
import {
  type Floats,
  floats,
  type GuidanceBranch,
  type GuidanceCall,
  type Guided,
  inject,
  type NextGuidance,
  type Plugin,
  PluginOptions,
  plugin,
} from "@skipstep/core/plugin";
import { checkOptions } from "./check-options";
import { leastCosine } from "./cosine";
import type { GuiderMemory } from "./guiders/guider";
import { guiders } from "./guiders/guiders";
import { rescale } from "./guiders/rescale";
import { goingOn, minus } from "./items";
import { type GuidanceOptions, options } from "./options";
import { isNeutral, type Strength, strengthOf } from "./scales";
import { isGated, isRemembered, isWithin } from "./window";

/** What a generation remembers. */
interface Memory extends GuiderMemory {
  /** From the negative prompt's prediction to the prompt's, and the step at which both were made. */
  remembered?: { readonly delta: Floats; readonly index: number };
  /** The one before. */
  before?: { readonly delta: Floats; readonly index: number };
  /** Whether the predictions have come so close that guidance is off for the rest. */
  isSettled?: boolean;
}

/** Both branches of a step, and how plain guidance has combined them. */
type Both = Guided & Required<Pick<Guided, "cond" | "uncond">>;

/**
 * Guidance where it counts, and by other rules than the plain one: between two shares of the steps, with the negative
 * prompt's part remembered from a gate on (`cfg_gate_step` of SGLang and FastVideo), until both predictions point the
 * same way (adaptive guidance, https://arxiv.org/abs/2312.12487), and by the guiders of diffusers.
 */
@plugin<GuidanceOptions>({
  name: "guidance",
  batchInvariant: ({ adaptive_threshold: threshold, adaptive_projected_guidance_norm_dim: axes }) =>
    threshold === null && (axes === null || [axes].flat().every((axis) => axis !== 0 && axis !== -4)), // 0 is the batch
  description: "Guidance at a part of the steps, with a remembered difference, and by the guiders of diffusers.",
  options,
  decides: "guidance",
  regions: (_, given) => {
    checkOptions(given);
    return [];
  },
  tunes: {
    cfg_gate_step: { from: 0.95, to: 0.1, scale: "linear" },
    cfg_gate_refresh: { values: [2, 3, 4, 6, 0] },
    stop: { from: 1, to: 0.3, scale: "linear" },
    adaptive_threshold: { from: 0.9999, to: 0.9, scale: "linear" },
  },
})
export class Guidance implements Plugin {
  private readonly memories = new RunMemories<Memory>(() => ({}));

  constructor(@inject(PluginOptions) private readonly options: GuidanceOptions) {}

  async guidance(call: GuidanceCall, branches: readonly GuidanceBranch[], next: NextGuidance): Promise<Guided> {
    if (branches.length < 2) return next(branches); // a plugin around this one has left one out
    const { run, index, count } = call.step;
    const { enabled, guider, zero_init_steps } = this.options;
    if (enabled && guider === "ClassifierFreeZeroStarGuidance" && index < zero_init_steps)
      return { prediction: floats(call.shape) };
    const memory = this.memories.of(run);
    const strength = strengthOf(this.options, call);
    if (!enabled || memory.isSettled || this.isNeutral(strength) || !isWithin(this.options, index, count))
      return next(["cond"]);
    const both = await this.run(call, memory, next);
    return isBoth(both) ? this.combine(both, index, strength, memory) : both;
  }

  /** Both branches, or the prompt's and what is remembered. */
  private async run(call: GuidanceCall, memory: Memory, next: NextGuidance): Promise<Guided> {
    const { index, count } = call.step;
    const { adaptive_threshold: threshold } = this.options;
    const { remembered } = memory;
    if (remembered && isGated(this.options, index, count, remembered.index)) {
      const { cond } = await next(["cond"]);
      return call.combine(cond!, minus(cond!, this.deltaAt(index, memory, remembered)));
    }
    const both = await next(["cond", "uncond"]);
    if (!isBoth(both)) return both;
    if (isRemembered(this.options, index, count)) {
      if (memory.remembered) memory.before = memory.remembered;
      memory.remembered = { delta: minus(both.cond, both.uncond), index };
    }
    if (threshold !== null) {
      const cosine = leastCosine(both.cond, both.uncond);
      call.record({ cosine });
      memory.isSettled = cosine >= threshold;
    }
    return both;
  }

  /** What is remembered, or what it has become since in a line through the last two. */
  private deltaAt(index: number, { before }: Memory, last: NonNullable<Memory["remembered"]>): Floats {
    if (this.options.cfg_gate_order === 0 || !before) return last.delta;
    const share = (index - last.index) / (last.index - before.index);
    return goingOn(last.delta, before.delta, share);
  }

  /** By the guider's rule; where that is the plain one, it has been done. */
  private combine(both: Both, index: number, strength: Strength, memory: Memory): Guided {
    const { options } = this;
    const { guider, guidance_scale, guidance_rescale, guidance_rescale_space: space } = options;
    const share = typeof guidance_rescale === "number" ? guidance_rescale : guidance_rescale[0]!;
    const rescales = share > 0 && (guider !== "FrequencyDecoupledGuidance" || space === "data");
    if (guider === "ClassifierFreeGuidance" && guidance_scale === null && !rescales) return both;
    const { cond, uncond } = both;
    const prediction = guiders[guider](cond, uncond, { index, ...strength, options, memory });
    return { cond, uncond, prediction: rescales ? rescale(prediction, cond, share) : prediction };
  }

  private isNeutral({ scale, fromCond }: Strength): boolean {
    const { guider, guidance_scales } = this.options;
    const scales = guider === "FrequencyDecoupledGuidance" ? guidance_scales : [scale];
    return scales.every((each) => isNeutral(each, fromCond));
  }
}

function isBoth(guided: Guided): guided is Both {
  return guided.cond !== undefined && guided.uncond !== undefined;
}
