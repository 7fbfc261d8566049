/** What applications use: a config becomes a pipeline, a plan, an inspection or a file of weights. */
import "reflect-metadata";

export { clearEngines, type EngineEntry, listEngines } from "./compiler/engines";
export { type Leftover, listLeftovers } from "./compiler/leftovers";
export { verifyEngines } from "./compiler/verify-engines";
export type { Config, ConfigInput, GenerateConfig, PluginUse } from "./config/config";
export type { Override } from "./config/overrides";
export { defaultCacheDir } from "./disk/cache-dir";
export { readRegularFile } from "./disk/regular-file";
export { beginUnfinished, endUnfinished, type Unfinished } from "./disk/unfinished";
export { enginesDamaged } from "./errors/compiler";
export { ConfigError, type ConfigProblem } from "./errors/config";
export { SkipstepError } from "./errors/error";
export type { Image } from "./image/image";
export type { Picture } from "./image/picture";
export { readPicture, shownMask } from "./image/read-picture";
export type { GenerateRequest, GenerateResult, Pipeline, PluginChange } from "./loop/pipeline";
export type { ProgressEvent, StepEvent } from "./loop/progress";
export type { Dtype } from "./memory/dtype";
export type { MemoryMode } from "./memory/memory-mode";
export { findPlugin, locatePlugin, type PluginCode } from "./plugins/discover";
export { type InstalledPlugin, installedPlugins } from "./plugins/installed";
export { type Recipe, readRecipe } from "./recipe/recipe";
export type { RecipeFile } from "./recipe/recipe-file";
export { sourceText } from "./recipe/recipe-sources";
export type { LoraReport, PluginReport, RegionReport, Report } from "./report/report";
export { JsonError, parseJson } from "./schema/parse-json";
export { type PictureSetting, pictureSettingNames } from "./settings/common-settings";
export type { LoraMatch } from "./start/apply-loras";
export { configSchema } from "./start/config-schema";
export {
  type CheckedConfig,
  type CreateOptions,
  createPipeline,
  openPipeline,
  validateConfig,
} from "./start/create-pipeline";
export { type FoundQuantizer, findQuantizer } from "./start/find-quantizer";
export { type ComponentInspection, type Inspection, inspectConfig, type PluginInspection } from "./start/inspect";
export { type FamilyFacts, listFamilies } from "./start/list-families";
export { type OpenedComponent, openComponentWeights } from "./start/open-component";
export { type OpenedRecipe, type OpenRecipeOptions, openRecipe } from "./start/open-recipe";
export {
  estimateMemory,
  type ImagePlan,
  imagesSettingOf,
  planFromPictures,
  planImages,
  subjectOf,
} from "./start/plan-images";
export type { Component } from "./weights/checkpoint/component";
export type { RequestLora } from "./weights/lora/lora";
