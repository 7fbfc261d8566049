import type { SettingOptions } from "../setting-overrides";

/** What commands take that draw the same with several settings. */
export interface DrawingOptions extends SettingOptions {
  /** A file with a prompt, or a class, on each line. */
  readonly prompts?: string;
  readonly prompt?: readonly string[];
  /** Each subject is drawn with each. */
  readonly seeds?: readonly number[];
  readonly out?: string;
  readonly threads?: number;
  readonly cache?: string;
  readonly json?: true;
}
