/** A setting that the model cannot follow. */
export interface SettingProblem {
  readonly key: string;
  /** Follows the key: `must be a multiple of 16, found 100; nearest: 96`. */
  readonly text: string;
}
