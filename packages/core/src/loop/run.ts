/**
 * One generation, or one guidance branch of it when guidance is separate. A fresh object each time: plugins key
 * their state by it (`RunMemories` of `@skipstep/caching`), so that there is no reset to forget.
 */
export interface Run {
  /** `"joint"` when the guidance branches share one batch, else `"cond"` or `"uncond"`. */
  readonly branch: "joint" | "cond" | "uncond";
  /** Denoising steps of this generation. */
  readonly count: number;
}
