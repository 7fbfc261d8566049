import type { AttentionInputs, EmittedAttention } from "./graph/attention";
import type { Graph } from "./graph/graph";
import type { BlockTokens, ReducedTokens } from "./graph/tokens";
import type { Value } from "./graph/value";
import type { Weight, WeightForm } from "./graph/weight";
import type { Tensors } from "./runtime/device-tensor";
import type { Floats } from "./tensor";

/** A branch of guidance: the prompt's, or the negative prompt's. */
export type GuidanceBranch = "cond" | "uncond";

/**
 * One generation, or one guidance branch of it when guidance is separate, as long as the same ControlNets steer it. A
 * fresh object each time: plugins key their state by it (`RunMemories` of `@skipstep/caching`), so that there is no reset to forget.
 */
export interface Run {
  /** `"batch"` when the guidance branches share one batch, else `"cond"` or `"uncond"`. */
  readonly branch: "batch" | GuidanceBranch;
  /** Denoising steps of this generation. */
  readonly count: number;
  /** What it is a part of. */
  readonly generation: Generation;
}

/** What the runs of one generation share, and how they find each other. A fresh object each time, as `Run`. */
export interface Generation {
  /** `step.run.generation.runs.cond` is the other branch's run, whether or not it has begun. */
  readonly runs: Readonly<Record<Run["branch"], Run>>;
  /** What it steps by: class name and checked options. */
  readonly scheduler: { readonly type: string; readonly options: Readonly<Record<string, unknown>> };
  /** What the pipeline shifts the noise levels of a flow by, where it does: `e^mu / (e^mu + 1 / t - 1)`. */
  readonly mu: number | undefined;
}

/** One denoising step, as plugins see it. */
export interface Step {
  /** The generation (and guidance branch, when guidance is separate) that this step belongs to. State hangs here. */
  readonly run: Run;
  /** 0-based. */
  readonly index: number;
  /** Steps in all. */
  readonly count: number;
  /** What the model is told: the scheduler's timestep, 0..1000. */
  readonly timestep: number;
  /** Noise level of the latents before this step. */
  readonly sigma: number;
  /** `[B, C, H, W]`, read-only: a hook that writes into them fails with SKIPSTEP_LATENTS_WRITTEN. */
  readonly latents: Floats;
  /** Strength of guidance as the family counts it; 0 at a step that is not guided. */
  readonly guidanceScale: number;
  /** Prompts of the generation; none of a model that draws something else. Each makes `B / prompts.length` images. */
  readonly prompts: readonly string[];
  /** Of the images, in pixels. */
  readonly height: number;
  readonly width: number;
}

/** Predictions of a model by branch, each `[B, C, H, W]`: those of the branches that were run. */
export type Predictions = Readonly<Partial<Record<GuidanceBranch, Floats>>>;

/** What a guided step comes to. */
export interface Guided extends Predictions {
  /**
   * `[B, C, H, W]`, before what the family does to it (`guidance_rescale`, a limit of its length, its sign). Where `cond`
   * and `uncond` are both there it counts as guided, and the family compares it with `cond`; else it is left as it is.
   */
  readonly prediction: Floats;
}

/** One guided step. */
export interface GuidanceCall {
  /** `step.run` is the same at all guided steps: `batch`, or `cond` when guidance is separate. */
  readonly step: Step;
  /** Where guidance sets out: `base + guidanceScale * (cond - uncond)`. Scale s from `uncond` is s - 1 from `cond`. */
  readonly base: GuidanceBranch;
  /** Of a prediction: `[B, C, H, W]`. */
  readonly shape: readonly number[];
  /** `base + scale * (cond - uncond)`. @param scale `step.guidanceScale` when left out */
  combine(cond: Floats, uncond: Floats, scale?: number): Guided;
  /** Puts numbers into the report and the recipe, under this plugin, the name `guidance` and this step. */
  record(numbers: Readonly<Record<string, number>>): void;
}

/** Runs branches, and combines them where it is both. May be called at most once, with at least one of those offered. */
export type NextGuidance = (branches: readonly GuidanceBranch[]) => Promise<Guided>;

/** One call of the whole denoiser: at a step, for one branch or for both in one batch. */
export interface PredictCall {
  readonly step: Step;
  /** What is to be predicted: `step.run.branch`, or both of them when it is `batch`. */
  readonly branches: readonly GuidanceBranch[];
  /** Puts numbers into the report and the recipe, under this plugin, the name `predictions` and this step. */
  record(numbers: Readonly<Record<string, number>>): void;
}

/** Runs the denoiser, with `beforeStep`, `blockForward` and `observed` of all plugins. May be called at most once. */
export type NextPredict = (input: Floats) => Promise<Predictions>;

/** A contiguous run of a model's scopes that a plugin asked for. */
export interface Region {
  /** The plugin's own name for it. */
  readonly name: string;
  /** Position among the regions that the plugin asked for, in the order in which they run. */
  readonly index: number;
  /** First and last scope, both included: `layers.1`, `layers.29`. */
  readonly from: string;
  readonly to: string;
  /** Where it was asked for: the scope before which it ends. */
  readonly until?: string;
  /**
   * What only the region reads is computed inside it as well, back to the region before it: a normalization in front of
   * an attention, say, is skipped with the attention. Its inputs are then other values than those of its first scope.
   */
  readonly lean?: boolean;
}

export type { Tensors };

/** Runs what lies inside a region. May be called at most once. */
export type Next = (inputs: Tensors) => Promise<Tensors>;

/** One arrival at a region. */
export interface BlockCall {
  readonly step: Step;
  readonly region: Region;
  /** Puts numbers into the report and the recipe, under this plugin and step: `{ residual_diff: 0.06 }`. */
  record(numbers: Readonly<Record<string, number>>): void;
}

/** Every hook point, in the order in which they run. */
export interface Hooks {
  /** Build time. How one weight is stored and how its op is emitted; `undefined` leaves it to the next plugin. */
  weightLoad(weight: Weight, graph: Graph): WeightForm | undefined;
  /** Build time. Emits one attention; `undefined` leaves it to the next plugin. */
  attention(inputs: AttentionInputs, graph: Graph): Value | EmittedAttention | undefined;
  /** Build time. Has a block do with fewer of a picture's tokens; `undefined` leaves them to the next plugin. */
  tokens(tokens: BlockTokens, graph: Graph): ReducedTokens | undefined;
  /**
   * Build time. Told of a component's graph once all of it was emitted; may put other nodes in place of its own with
   * `graph.replaceNodes`. @returns what it came to, in numbers for the report: `{ "transposes left": 0 }`; `undefined`
   * when it changed nothing
   */
  graphBuilt(graph: Graph): Readonly<Record<string, number>> | undefined;
  /**
   * Run time. Wraps what a guided step comes to: which branches are run, and how they are combined. `next(branches)` runs
   * some of those that are offered; returning without it runs none. Not called at steps that the family does not guide.
   */
  guidance(call: GuidanceCall, branches: readonly GuidanceBranch[], next: NextGuidance): Promise<Guided>;
  /**
   * Run time. Wraps a call of the whole denoiser. A plugin that returns without `next` skips it, and gives a prediction
   * for each of `call.branches`.
   * @param input what the model sees of the latents, scaled as the scheduler has it, `[B, C, H, W]`, read-only
   */
  predict(call: PredictCall, input: Floats, next: NextPredict): Promise<Predictions>;
  /** Run time. Told of each step before the model runs on it. */
  beforeStep(step: Step): void | Promise<void>;
  /**
   * Run time. Wraps a region: `next(inputs)` computes it; a plugin that returns without `next` skips it, and
   * returns a tensor for each of the region's outputs.
   */
  blockForward(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors>;
  /**
   * Run time. Given the values that `graph.observe` named while the denoiser was built, after each pass that computed
   * any. They live until the pass ends.
   */
  observed(step: Step, values: Tensors): void | Promise<void>;
  /**
   * Run time. Told of the latents once the scheduler has stepped; `step.latents` are those before. What it returns takes
   * their place; `undefined` leaves them as they are.
   * @param latents `[B, C, H, W]`, read-only
   */
  afterStep(step: Step, latents: Floats): Floats | undefined | Promise<Floats | undefined>;
}

/** `first`: first answer wins. `each`: all are told, in order. `wrap`: nested, the first plugin outermost. */
export const hookKinds = {
  weightLoad: "first",
  attention: "first",
  tokens: "first",
  graphBuilt: "each",
  guidance: "wrap",
  predict: "wrap",
  beforeStep: "each",
  blockForward: "wrap",
  observed: "each",
  afterStep: "each",
} as const satisfies Record<keyof Hooks, "first" | "each" | "wrap">;
