/** Nodes of a model that compute in float32 also where its dtype is float16, because float16 does not hold their values. */
export interface Float32Part {
  /** Modules that they are emitted in, by the whole name of their scope. */
  readonly scopes: RegExp;
  /** Operators; all when left out. */
  readonly operators?: readonly string[];
  /** Checkpoint names of weights that they read; all nodes when left out. */
  readonly weights?: RegExp;
  /** What would happen. */
  readonly reason: string;
}
