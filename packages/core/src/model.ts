/** What families of models and schedulers are written with: `@skipstep/core/model`. docs/model-parts.md tells of each. */
import "reflect-metadata";

// A model: how its config.json is read, and how its graph is built.

export type { Architecture, Warn } from "./architecture/architecture";
export { attentionThenFeedForward, blockLists } from "./architecture/block-lists";
export * from "./architecture/config-option";
export { defineConfig } from "./architecture/define-config";
export { blockTypes, levelProblems } from "./architecture/per-level";
export { SkipstepError } from "./errors/error";
export { modelOptions } from "./errors/models";
export { partUnfit } from "./errors/single-file";
export type { BuildHooks } from "./graph/build-hooks";
export { type Dim, evaluate, minus, over, plus, type Sizes, size, times } from "./graph/dim";
export { Graph } from "./graph/graph";
export { attention, conv2d, embedding, groupNorm, layerNorm, linear, rmsNorm, rotary } from "./graph/layers";
export type { Value } from "./graph/value";
export type { ConvOptions, Weight, WeightForm } from "./graph/weight";

// Parts of models that several families share.

export { type Activation, activate, activationOption } from "./families/blocks/activation";
export { adaLayerNormContinuous, modulate, modulation, plainLayerNorm } from "./families/blocks/ada-layer-norm";
export { type ClassOptions, classEmbedding } from "./families/blocks/class-embedding";
export { croppedPositions } from "./families/blocks/cropped-positions";
export { dualStreamBlock, type StreamModules } from "./families/blocks/dual-stream-block";
export { type FeedForwardActivation, feedForward, feedForwardOption } from "./families/blocks/feed-forward";
export { gaussianFourier } from "./families/blocks/gaussian-fourier";
export { attend, join, normalizeHeads, type Streams, separate } from "./families/blocks/joint-attention";
export { jointBlock, lastJointBlock } from "./families/blocks/joint-block";
export { embedPatches, patchify, unpatchify } from "./families/blocks/patch-embed";
export { projectedAttention } from "./families/blocks/projected-attention";
export { averagePool, downsample, upsample } from "./families/blocks/resample";
export { type ResnetOptions, resnetBlock, type TimeScaleShift } from "./families/blocks/resnet-block";
export { axesOption, axialTables, checkAxes, rotaryInputs, tablesOfIds } from "./families/blocks/rotary-positions";
export { sincosPositions, tokenWidth } from "./families/blocks/sincos-positions";
export { spatialAttention } from "./families/blocks/spatial-attention";
export { spatialTransformer } from "./families/blocks/spatial-transformer";
export { embedCondition, sinusoids } from "./families/blocks/timestep-embedding";

// Whole models of core, which a family may run as they are.

export {
  Autoencoder,
  autoencoderClasses,
  decodeSizes,
  scaleFactorOf,
  tilingProblems,
} from "./families/autoencoders/autoencoder";
export { autoencoderDc } from "./families/autoencoders/autoencoder-dc";
export { autoencoderKl } from "./families/autoencoders/autoencoder-kl";
export { autoencoderTiny } from "./families/autoencoders/autoencoder-tiny";
export { ClipEncoder, clipSkipProblems } from "./families/encoders/clip-encoder";
export { clipText, clipTextWithProjection } from "./families/encoders/clip-text";
export { gemma2 } from "./families/encoders/gemma2";
export { qwen25Vl } from "./families/encoders/qwen2-5-vl";
export { qwen3 } from "./families/encoders/qwen3";
export { Qwen3Encoder } from "./families/encoders/qwen3-encoder";
export { rotaryTables as qwen3RotaryTables } from "./families/encoders/rotary-tables";
export { longPromptProblems, textSizes, textTokens } from "./families/encoders/settings";
export { t5Encoder } from "./families/encoders/t5";
export { T5Encoder } from "./families/encoders/t5-encoder";
export {
  type DownBlock,
  dit,
  flux,
  flux2,
  flux2RotaryTables,
  fluxRotaryTables,
  layOutSequence,
  modulateIndex,
  pixart,
  qwenImage,
  qwenImageAutoencoder,
  qwenImageRotaryTables,
  sana,
  sd3,
  type UNetBlock,
  type UNetBlocks,
  type UpBlock,
  unet2DCondition,
  unetBody,
  unetStructure,
  zImage,
} from "./families/families";

// A family: its class, its settings, its files.

export { defineFamily, type FamilyDefinition } from "./loop/define-family";
export { commonSettings, take } from "./settings/common-settings";
export {
  neededSetting,
  type Setting,
  type SettingTable,
  setting,
  textSetting,
  unsetSetting,
} from "./settings/setting";
export { countOf } from "./weights/single-file/count-of";
export { convertedShapes, partOf } from "./weights/single-file/file-part";
export type { KnownFiles, SingleFiles } from "./weights/single-file/known-files";
export type { KnownPipeline } from "./weights/single-file/known-pipeline";
export { denoiserPrefixes, type ModelFile } from "./weights/single-file/model-file";
export type { Shapes } from "./weights/single-file/recipe";
export { applyRules, type Rule } from "./weights/single-file/rules";

// A pipeline: what becomes of a request, and how the passes of a step are guided.

export { flowLatents } from "./families/transformers/flow-latents";
export {
  type Drawn,
  drawPrompts,
  type TransformerMethods,
  TransformerPipeline,
} from "./families/transformers/pipeline";
export { guidanceStrength, patchPixels, trainedSquare, transformerSizes } from "./families/transformers/settings";
export { concat } from "./loop/concat";
export { branchLatents, Denoiser, type DenoiserInputs, type DenoiserPass, forRows, partsOf } from "./loop/denoiser";
export { estimateImage } from "./loop/diffusion-estimate";
export type {
  Branch,
  Conditioning,
  Configs,
  Family,
  FamilyParts,
  FamilyPipeline,
  ImageToImage,
  Inpainted,
  Inpainting,
  SettingProblem,
} from "./loop/family";
export { flowFirstStep } from "./loop/flow-first-step";
export { combine as combineFloats, limitNorm, negated, repeatRows, rescaleSpread, rows, stack } from "./loop/guidance";
export { imageCount, type Settings, type SettingsOf } from "./loop/settings";
export { createGenerator, type Generator } from "./random";
export { type DType, type Floats, floats, integers, itemSize, sizeOf, type Tensor } from "./tensor";

// A scheduler: its options, its steps.

export { alphasCumprod, type BetaOptions, betaSchemas, linearBetas } from "./schedulers/betas";
export { boundImage, clip, clipSchemas, thresholdSchemas } from "./schedulers/clip";
export { defineScheduler, type SamplerDefinition, type SchedulerDefinition } from "./schedulers/define-scheduler";
export { drawNoise } from "./schedulers/draw-noise";
export { flowLevels, flowSampler } from "./schedulers/flow-levels";
export { afterPairs, heunSteps, pairUp } from "./schedulers/heun-pairs";
export {
  diffusionPredictions,
  type Mixture,
  type PredictionType,
  predictedImage,
  predictedNoise,
  predictionSchema,
} from "./schedulers/prediction";
export type { Process } from "./schedulers/process";
export type { Call, Sampler } from "./schedulers/sampler";
export type { ScheduleRequest } from "./schedulers/schedule-request";
export { inferenceSteps } from "./schedulers/schedule-steps";
export type { Schedule, Scheduler } from "./schedulers/scheduler";
export { directionAt, imageAt, varianceExploding } from "./schedulers/sigma-sample";
export { mixtureOf, signalAt, variancePreserving } from "./schedulers/signal-level";
export { type SpacingOptions, spaceTimesteps, spacingSchemas, wholeTimesteps } from "./schedulers/spacing";
export { sigmaAt, trainingSigmasOf } from "./schedulers/training-sigmas";
export { trainingSteps } from "./schedulers/training-steps";
export { type Term, weightedSum, weightedSumOver } from "./schedulers/weighted-sum";

// A graph without a pipeline: what tests and measurements are made of. `@skipstep/contract/graph` has the rest.

export { noHooks } from "./graph/build-hooks";
export { Runtime } from "./runtime/runtime";
export { graphCost, regionEdges } from "./start/graph-facts";
export { type GraphPluginUse, graphPlugins } from "./start/graph-plugins";
export { type OpenedGraph, openGraph } from "./start/open-graph";
export { openWeights } from "./weights/checkpoint/open-weights";
export type { OpenWeights, TensorEntry, WeightSource } from "./weights/checkpoint/weight-source";

// Options: of config.json files, schedulers and settings.

export {
  choice,
  flag,
  integer,
  list,
  number,
  type OptionSchemas,
  type OptionsOf,
  optionalInteger,
  optionalNumber,
  optionsSchema,
  supported,
  text,
  without,
} from "./schema/option";
