import type { ComponentModel } from "../architecture/component-model";
import type { Structure } from "../architecture/structure";
import type { Schedulers } from "../schedulers/registry";
import type { JsonSchema } from "../schema/json-schema";
import type { Checkpoint } from "../weights/checkpoint/checkpoint";
import type { Configs, Family } from "./family";

/** A checkpoint that was recognised: made once, and handed on by all who need to know something of the model. */
export interface RecognisedModel {
  readonly checkpoint: Checkpoint;
  readonly family: Family;
  /** The components that the family runs, by name. */
  readonly components: ReadonlyMap<string, ComponentModel>;
  readonly configs: Configs;
  /** What plugins may know of the denoiser. */
  readonly structure: Structure;
  /** Those that can run it or be refused for it: core's, and those of the config's plugins. */
  readonly schedulers: Schedulers;
  /** Of `generate`, with the settings of all families that are known: those of others are told as such. */
  readonly settingsSchema: JsonSchema;
}
