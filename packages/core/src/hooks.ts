import type { AttentionInputs, EmittedAttention } from "./graph/attention";
import type { Graph } from "./graph/graph";
import type { Value } from "./graph/value";
import type { Weight, WeightForm } from "./graph/weight";
import type { Tensors } from "./runtime/device-tensor";
import type { Floats } from "./tensor";

/**
 * One generation, or one guidance branch of it when guidance is separate, as long as the same ControlNets steer it. A
 * fresh object each time: plugins key their state by it (`RunMemories` of `@skipstep/caching`), so that there is no reset to forget.
 */
export interface Run {
  /** `"joint"` when the guidance branches share one batch, else `"cond"` or `"uncond"`. */
  readonly branch: "joint" | "cond" | "uncond";
  /** Denoising steps of this generation. */
  readonly count: number;
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
}

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
  /**
   * Build time. Told of a component's graph once all of it was emitted; may put other nodes in place of its own with
   * `graph.replaceNodes`. @returns what it came to, in numbers for the report: `{ "transposes left": 0 }`; `undefined`
   * when it changed nothing
   */
  graphBuilt(graph: Graph): Readonly<Record<string, number>> | undefined;
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
}

/** `first`: first answer wins. `each`: all are told, in order. `wrap`: nested, the first plugin outermost. */
export const hookKinds = {
  weightLoad: "first",
  attention: "first",
  graphBuilt: "each",
  beforeStep: "each",
  blockForward: "wrap",
  observed: "each",
} as const satisfies Record<keyof Hooks, "first" | "each" | "wrap">;
