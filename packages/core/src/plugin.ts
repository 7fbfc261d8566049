/** What plugins use: `@skipstep/core/plugin`. */
import "reflect-metadata";

export type { JSONSchemaType } from "ajv";
export type { Structure, UNetStructure } from "./architecture/structure";
export { SkipstepError } from "./errors/error";
export { didYouMean } from "./errors/nearest";
export { modelUnfit, optionUnfit } from "./errors/plugins";
export type { AttentionInputs, EmittedAttention } from "./graph/attention";
export { intOf, intsOf } from "./graph/attributes";
export { ceilOver, type Dim, divisor, equal as equalDims, least, minus, over, plus, share, times } from "./graph/dim";
export type { Graph } from "./graph/graph";
export type { Shapes as Operators } from "./graph/shapes";
export type { BlockTokens, ReducedTokens, TokenModule } from "./graph/tokens";
export { type Node, type Payload, readersOf, readsOf, type Value } from "./graph/value";
export type { Weight, WeightForm } from "./graph/weight";
export {
  type BlockCall,
  type Generation,
  type GuidanceBranch,
  type GuidanceCall,
  type Guided,
  type Hooks,
  hookKinds,
  type Next,
  type NextGuidance,
  type NextPredict,
  type PredictCall,
  type Predictions,
  type Run,
  type Step,
  type Tensors,
} from "./hooks";
export { isBatchInvariant } from "./plugins/batch-invariant";
export { type Decision, decisionsOf } from "./plugins/decisions";
export type { Calibration, Manifest, RegionRequest, TuneRange } from "./plugins/manifest";
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
export { defineQuantizer, type QuantizeRequest, type QuantizeResult } from "./plugins/quantizer";
export type { PluginReport } from "./report/report";
export { roundHalfEven } from "./round-half-even";
export type { DeviceTensor } from "./runtime/device-tensor";
export {
  add,
  clamp,
  combine,
  combineItems,
  dot,
  everyNth,
  meanAbs,
  multiply,
  norm,
  norms,
  quantile,
  relativeL1,
  scale,
  slice,
  subtract,
  upload,
} from "./runtime/math";
export { startThread } from "./runtime/start-thread";
export { parseJson } from "./schema/parse-json";
export { type DType, type Floats, floats, sizeOf, type Tensor } from "./tensor";
export { transposed } from "./transposed";
export { toFloat32 } from "./weights/checkpoint/to-float32";
export type { OpenWeights, TensorEntry } from "./weights/checkpoint/weight-source";
export { BinaryFile } from "./weights/formats/binary-file";
export { type FormatTensor, FormatWeights, plainTensor } from "./weights/formats/format-weights";
export type { PackedTensor, PackedWeight } from "./weights/formats/packed-weight";
export type { StoredWeights, WeightFormat } from "./weights/formats/weight-format";
