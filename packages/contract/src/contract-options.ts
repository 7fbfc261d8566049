import type { ConfigInput, GenerateConfig } from "@skipstep/core";

/** What the suite needs to know of a plugin. At least one of `exact` and `active`. */
export type ContractOptions<Options> = ModelOptions & (ActiveOptions<Options> | ExactOptions<Options>);

/** What the plugin is tried on. */
export interface ModelOptions {
  /** A diffusers folder, relative to the working directory; the small random Z-Image that comes with the suite otherwise. */
  readonly model?: string;
  /** What the config is to say besides: `{ guidance: "separate", dtype: "float16" }`. */
  readonly config?: Omit<ConfigInput, "model" | "plugins" | "generate" | "strict">;
  /** Folder for compiled models; a temporary one otherwise. */
  readonly cacheDir?: string;
  /** Replaces the suite's prompt, guidance and size. 8 steps and a seed are filled in. */
  readonly generate?: GenerateConfig;
}

/** Of a plugin that only watches. */
export interface ExactOptions<Options> {
  /** Options with which the plugin changes nothing: the result is equal bit by bit. */
  readonly exact: Partial<Options>;
  readonly active?: undefined;
}

/** Of a plugin that saves work. */
export interface ActiveOptions<Options> {
  readonly exact?: Partial<Options>;
  /** Options with which the plugin saves work: skips regions, stores weights in fewer bytes, or takes attentions over. */
  readonly active: Partial<Options>;
  /** Largest absolute difference of the finished latents from those without the plugin. 0 says that nothing is lost. */
  readonly tolerance: number;
}
