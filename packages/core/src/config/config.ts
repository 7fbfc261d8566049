import type { DeviceMap } from "../memory/device-map";
import type { Dtypes } from "../memory/dtype";
import type { MemoryMode } from "../memory/memory-mode";
import type { PluginClass, PluginOptionValues } from "../plugins/plugin";
import type { ProviderOptions } from "../runtime/providers";
import type { CommonInputs } from "../settings/common-settings";
import type { LoraConfig } from "../weights/lora/lora";
import type { TextualInversionConfig } from "../weights/textual-inversion/textual-inversion";
import type { Limits } from "./limits";

/**
 * What to generate; names as in diffusers. What is left out is the model family's default; no family takes all. Settings
 * of one family alone are checked by the schema that it declares them with.
 */
export interface GenerateConfig extends CommonInputs {
  readonly [own: string]: unknown;
}

/** A scheduler's options, over those of the checkpoint. */
export interface SchedulerConfig {
  /** Class name; the checkpoint's own when left out. */
  readonly type?: string;
  readonly [option: string]: unknown;
}

/** A plugin of a pipeline, with every option filled in. */
export interface PluginConfig {
  readonly use: string;
  readonly options: PluginOptionValues;
  /** Components whose weights and attentions it may take over; the denoiser alone when left out. */
  readonly components?: readonly string[];
}

/** A LoRA as a config names it; a path alone is added whole. */
export type LoraInput = string | (Pick<LoraConfig, "path"> & Partial<LoraConfig>);

/** A textual inversion as a config names it; a path alone says nothing of its word. */
export type TextualInversionInput = string | TextualInversionConfig;

/** A checked config: defaults filled in, paths absolute, frozen. */
export interface Config {
  /** Absolute path of the checkpoint's folder or file, or `hf:owner/name@revision`. */
  readonly model: string;
  /** File name variant of the weights: `fp16`. */
  readonly variant?: string;
  /** Components in place of the checkpoint's own: absolute paths of folders or files, or names as for `model`. */
  readonly components?: Readonly<Record<string, string>>;
  /** Added to the weights, in this order. */
  readonly lora?: readonly LoraConfig[];
  /** Words that were learned, for text encoders. */
  readonly textual_inversions?: readonly TextualInversionConfig[];
  /** LoRAs that requests may name, and no others: files by name. Any file where there is none. */
  readonly request_loras?: Readonly<Record<string, string>>;
  /** An ONNX Runtime execution provider, or one of its devices: `cuda:1`. */
  readonly device: string;
  /** Options by provider, under their names in ONNX Runtime. */
  readonly provider_options?: Readonly<Record<string, ProviderOptions>>;
  /** What weights are stored in, and computed with where the device has it; float32 when left out. */
  readonly dtype?: Dtypes;
  readonly memory: MemoryMode;
  /** Providers by component, in place of `device`. */
  readonly device_map?: DeviceMap;
  readonly scheduler?: SchedulerConfig;
  readonly generate: GenerateConfig;
  /** `batch` runs the guidance branches as one batch, `separate` one after the other. */
  readonly guidance: "batch" | "separate";
  /** Results of each text encoder that are kept for the next images of the same prompts. */
  readonly conditioning_cache?: number;
  /** What a generation may ask for at most, where that is not the usual. */
  readonly limits?: Partial<Limits>;
  /** Where jobs wait, for a server and its workers. */
  readonly queue?: QueueConfig;
  /** In the order in which they stand around the model, outermost first. */
  readonly plugins: readonly PluginConfig[];
  /** Makes a plugin that had no effect an error, and nodes that fall to the CPU though they were put elsewhere. */
  readonly strict: boolean;
}

/** A folder of one server's own, or a database that servers and workers share, with a place for what both must see. */
export interface QueueConfig {
  readonly folder?: string;
  readonly url?: string;
  /** An absolute path, or `s3://bucket/prefix`. */
  readonly blobs?: string;
}

/** A plugin as a config names it: by package, by path, or by its class. */
export interface PluginUse {
  readonly use: string | PluginClass;
  readonly options?: object;
  readonly components?: readonly string[];
}

/** A config as it is written, in a file or in code. Paths in code are relative to the working directory. */
export interface ConfigInput {
  readonly $schema?: string;
  readonly extends?: string | readonly string[];
  readonly model?: string;
  readonly variant?: string;
  readonly components?: Readonly<Record<string, string>>;
  readonly lora?: readonly LoraInput[];
  readonly textual_inversions?: readonly TextualInversionInput[];
  readonly request_loras?: Readonly<Record<string, string>>;
  readonly device?: string;
  readonly provider_options?: Readonly<Record<string, ProviderOptions>>;
  readonly dtype?: Dtypes;
  /** Another name of `dtype`. */
  readonly torch_dtype?: Dtypes;
  readonly memory?: MemoryMode;
  readonly device_map?: DeviceMap;
  readonly scheduler?: SchedulerConfig;
  readonly generate?: GenerateConfig;
  readonly guidance?: "batch" | "separate";
  readonly conditioning_cache?: number;
  readonly limits?: Partial<Limits>;
  readonly queue?: QueueConfig;
  readonly plugins?: readonly (string | PluginClass | PluginUse)[];
  readonly strict?: boolean;
}
