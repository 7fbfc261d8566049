import type { JSONSchemaType } from "ajv";
import type { Feature, Structure } from "../architecture/structure";
import type { Family } from "../loop/family";
import type { PluginReport } from "../report/report";
import type { SchedulerDefinition } from "../schedulers/define-scheduler";
import type { JsonSchema } from "../schema/json-schema";
import type { WeightFormat } from "../weights/formats/weight-format";
import type { Decision } from "./decisions";
import type { AnyQuantizer } from "./quantizer";

/** A region as a plugin asks for it: from the first scope's begin to the last scope's end, or up to another's begin. */
export interface RegionRequest {
  readonly name: string;
  readonly from: string;
  /** `from` when left out. */
  readonly to?: string;
  /** In place of `to`: the scope before whose begin it ends. */
  readonly until?: string;
  /** True for a region that takes in what only it reads. */
  readonly lean?: boolean;
}

/** What a plugin says of itself. Checked when a pipeline is assembled, before any weight is read. */
export interface Manifest<Options> {
  /** Short and unique: `fbcache`. */
  readonly name: string;
  /** The method in one sentence, for `skipstep plugins`. */
  readonly description: string;
  /** JSON Schema of the options, with a default for each. */
  readonly options: JSONSchemaType<Options>;
  /** The regions that `blockForward` wraps. */
  readonly regions?: (structure: Structure, options: Options) => readonly RegionRequest[];
  /** Names of plugins that cannot stand beside this one. */
  readonly conflicts?: readonly string[];
  /** What the denoiser must have. */
  readonly requires?: readonly Feature[];
  /**
   * What the config must say, as a JSON Schema of it, defaults filled in: `{ properties: { guidance: { enum: ["separate"] } } }`.
   * Under `generate` it is held against each generation's settings, whoever says them.
   */
  readonly settings?: JsonSchema;
  /** Ways to store weights that it reads and core does not. The first plugin that knows a file's format opens it. */
  readonly weightFormats?: readonly WeightFormat[];
  /** Families of models that it brings: pipelines that core does not run. */
  readonly families?: readonly Family[];
  /** Schedulers that it brings, for `"scheduler": { "type": ... }` and checkpoints that name them. */
  readonly schedulers?: readonly SchedulerDefinition[];
  /** How it writes weights, for `skipstep quantize`. */
  readonly quantizer?: AnyQuantizer;
  /** What it decides, `true` being blocks; a pipeline takes one plugin at most that decides each. */
  readonly decides?: boolean | Decision | readonly Decision[];
  /** Options that `skipstep tune` may set, the one that matters most first. */
  readonly tunes?: { readonly [Option in keyof Options]?: TuneRange };
  /**
   * Whether each image of a batch comes out as it would alone, whichever others are beside it: requests may be drawn
   * together then. False when left out, as for all that decides by numbers of the whole batch.
   */
  readonly batchInvariant?: boolean | ((options: Options) => boolean);
  /** Whether it changes nothing with these options, whatever is drawn: "strict" refuses that before anything is. */
  readonly isIdle?: (options: Options) => boolean;
  /** Values below which it reuses, by the name of the number that it records: `{ residual_diff: 0.12 }`. */
  readonly thresholds?: (options: Options) => Readonly<Record<string, number>>;
  /** Where options depend on the model: how `skipstep calibrate` finds them. */
  readonly calibration?: Calibration<Options>;
}

/** How options that depend on the model are found by generations that compute everything. */
export interface Calibration<Options> {
  /** Over those of the config: with them the plugin skips nothing, and records what `fit` reads. */
  readonly options: Partial<Options>;
  /**
   * What the recorded numbers come to.
   * @param reports of this plugin, one a generation
   * @throws SKIPSTEP_PLUGIN_OPTION (`optionUnfit`) where they are too few
   */
  fit(reports: readonly PluginReport[]): Partial<Options>;
}

/** Values of an option that are worth trying, from the most careful, which saves least, to the boldest. */
export type TuneRange =
  | { readonly values: readonly unknown[] }
  /** `from` is the most careful, whichever of the two is larger. */
  | { readonly from: number; readonly to: number; readonly scale: "log" | "linear" | "integer" };
