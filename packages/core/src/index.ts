import "reflect-metadata";

export type { JSONSchemaType } from "ajv";
export { defaultCacheDir } from "./compiler/cache-dir";
export { type Cleared, type ClearOptions, clearEngines, type EngineEntry, listEngines } from "./compiler/engines";
export { type Leftover, listLeftovers } from "./compiler/leftovers";
export { type VerifiedEngine, type VerifyOptions, verifyEngines } from "./compiler/verify-engines";
export type {
  Config,
  ConfigInput,
  GenerateConfig,
  LoraConfig,
  LoraInput,
  PluginConfig,
  PluginUse,
  SchedulerConfig,
} from "./config/config";
export type { LoadedConfig } from "./config/load";
export type { Override } from "./config/overrides";
export { checkRegularFile, readRegularFile } from "./disk/regular-file";
export { beginUnfinished, endUnfinished, type Unfinished } from "./disk/unfinished";
export { enginesDamaged } from "./errors/compiler";
export { ConfigError, type ConfigProblem } from "./errors/config";
export { SkipstepError } from "./errors/error";
export { didYouMean } from "./errors/nearest";
export { optionUnfit } from "./errors/plugins";
export { printable } from "./errors/printable";
export { shown } from "./errors/shown";
export type { AttentionInputs, EmittedAttention } from "./graph/attention";
export { ceilOver, type Dim, equal as equalDims, least, minus, over, plus, times } from "./graph/dim";
export type { NodeOptions } from "./graph/emitter";
export type { Graph, Replacement } from "./graph/graph";
export { type Attribute, type Node, type Payload, readersOf, readsOf, type Value } from "./graph/value";
export type { ConvOptions, Weight, WeightForm } from "./graph/weight";
export { type BlockCall, type Hooks, hookKinds, type Next, type Region, type Step, type Tensors } from "./hooks";
export type { Image, PngOptions } from "./image/image";
export type { GenerateRequest, GenerateResult, Pipeline, PluginChange } from "./loop/pipeline";
export type { ProgressEvent, StepEvent } from "./loop/progress";
export type { OnProgress } from "./loop/progress-listener";
export type { Run } from "./loop/run";
export type { ComponentDevices, DeviceMap } from "./memory/device-map";
export type { MemoryMode } from "./memory/memory-mode";
export type { AttentionReceipt, BuildCounts, BuildReceipt } from "./plugins/build-hooks";
export { type FoundPlugin, findPlugin, locatePlugin, type PluginCode } from "./plugins/discover";
export { type InstalledPlugin, installedPlugins } from "./plugins/installed";
export type {
  BlockBranch,
  BlockList,
  Calibration,
  Feature,
  Manifest,
  RegionRequest,
  Structure,
  TuneRange,
  UNetLayer,
  UNetLevel,
  UNetStructure,
} from "./plugins/manifest";
export {
  type AnyManifest,
  inject,
  ModelStructure,
  manifestOf,
  type Plugin,
  type PluginClass,
  PluginOptions,
  plugin,
} from "./plugins/plugin";
export {
  type AnyQuantizer,
  defineQuantizer,
  type QuantizeRequest,
  type QuantizeResult,
  type Quantizer,
} from "./plugins/quantizer";
export { createGenerator, type Generator } from "./random";
export { type Recipe, type RecipePlugin, readRecipe } from "./recipe/recipe";
export type { RecipeConfig } from "./recipe/recipe-config";
export type { RecipeFile } from "./recipe/recipe-file";
export { type RecipeSource, sourceText } from "./recipe/recipe-sources";
export type { ComputeReport } from "./report/compute-report";
export type { PluginReport, RegionReport, Report } from "./report/report";
export type { DeviceTensor } from "./runtime/device-tensor";
export { add, combine, everyNth, meanAbs, relativeL1, scale, subtract } from "./runtime/math";
export { startThread } from "./runtime/start-thread";
export { JsonError, type JsonLimits, parseJson } from "./schema/parse-json";
export { configSchema } from "./start/config-schema";
export {
  type CheckedConfig,
  type ConfigOptions,
  type CreateOptions,
  createPipeline,
  openPipeline,
  validateConfig,
} from "./start/create-pipeline";
export { type FoundQuantizer, findQuantizer } from "./start/find-quantizer";
export {
  type ComponentInspection,
  type Inspection,
  inspectConfig,
  type PluginInspection,
  type SegmentInspection,
} from "./start/inspect";
export { type OpenComponentOptions, type OpenedComponent, openComponentWeights } from "./start/open-component";
export { type OpenedRecipe, type OpenRecipeOptions, openRecipe } from "./start/open-recipe";
export { estimateMemory, type ImagePlan, planImages, subjectOf } from "./start/plan-images";
export { type DType, type Floats, floats, integers, sizeOf, type Tensor } from "./tensor";
export { coreVersion } from "./version";
export type { Component } from "./weights/checkpoint/component";
export type { Note } from "./weights/checkpoint/note";
export { toFloat32 } from "./weights/checkpoint/to-float32";
export type { OpenWeights, TensorEntry } from "./weights/checkpoint/weight-source";
export { BinaryFile } from "./weights/formats/binary-file";
export {
  type FormatTensor,
  FormatWeights,
  type FormatWeightsParts,
  plainTensor,
} from "./weights/formats/format-weights";
export type { PackedTensor, PackedWeight } from "./weights/formats/packed-weight";
export type { StoredWeights, WeightFormat } from "./weights/formats/weight-format";
export type { LoraMatch } from "./weights/lora/apply-loras";
