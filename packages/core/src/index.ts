import "reflect-metadata";

export type { JSONSchemaType } from "ajv";
export type { Component } from "./checkpoint/component";
export type { Note } from "./checkpoint/note";
export { toFloat32 } from "./checkpoint/to-float32";
export type { OpenWeights, TensorEntry } from "./checkpoint/weight-source";
export type { AttentionReceipt, BuildCounts, BuildReceipt } from "./compiler/build-hooks";
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
export { JsonError, type JsonLimits, parseJson } from "./config/parse-json";
export { configSchema } from "./config-schema";
export {
  type CheckedConfig,
  type ConfigOptions,
  type CreateOptions,
  createPipeline,
  openPipeline,
  validateConfig,
} from "./create-pipeline";
export type { DeviceTensor } from "./engine/device-tensor";
export { add, combine, everyNth, meanAbs, relativeL1, scale, subtract } from "./engine/math";
export { startThread } from "./engine/start-thread";
export { StreamResiduals } from "./engine/stream-residuals";
export { TaylorSeries } from "./engine/taylor-series";
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
export { type Recipe, type RecipePlugin, readRecipe } from "./image/recipe";
export {
  type ComponentInspection,
  type Inspection,
  inspectConfig,
  type PluginInspection,
  type SegmentInspection,
} from "./inspect";
export type { LoraMatch } from "./lora/apply-loras";
export type { ComponentDevices, DeviceMap } from "./memory/device-map";
export type { MemoryMode } from "./memory/memory-mode";
export type { ComputeReport } from "./pipelines/compute-report";
export type { GenerateRequest, GenerateResult, Pipeline, PluginChange } from "./pipelines/pipeline";
export type { ProgressEvent, StepEvent } from "./pipelines/progress";
export type { OnProgress } from "./pipelines/progress-listener";
export type { PluginReport, RegionReport, Report } from "./pipelines/report";
export type { Run } from "./pipelines/run";
export { estimateMemory, type ImagePlan, planImages, subjectOf } from "./plan-images";
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
export { type FoundQuantizer, findQuantizer } from "./quantize/find-quantizer";
export { type OpenComponentOptions, type OpenedComponent, openComponentWeights } from "./quantize/open-component";
export {
  type AnyQuantizer,
  defineQuantizer,
  type QuantizeRequest,
  type QuantizeResult,
  type Quantizer,
} from "./quantize/quantizer";
export { createGenerator, type Generator } from "./random";
export { type OpenedRecipe, type OpenRecipeOptions, openRecipe } from "./recipe/open-recipe";
export type { RecipeConfig } from "./recipe/recipe-config";
export type { RecipeFile } from "./recipe/recipe-file";
export { type RecipeSource, sourceText } from "./recipe/recipe-sources";
export { checkRegularFile, readRegularFile } from "./regular-file";
export { type DType, type Floats, floats, integers, sizeOf, type Tensor } from "./tensor";
export { beginUnfinished, endUnfinished, type Unfinished } from "./unfinished";
export { coreVersion } from "./version";
export { BinaryFile } from "./weight-formats/binary-file";
export {
  type FormatTensor,
  FormatWeights,
  type FormatWeightsParts,
  plainTensor,
} from "./weight-formats/format-weights";
export type { PackedTensor, PackedWeight } from "./weight-formats/packed-weight";
export type { StoredWeights, WeightFormat } from "./weight-formats/weight-format";
