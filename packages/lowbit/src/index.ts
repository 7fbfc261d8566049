export { type AwqScales, awqClipped, awqScales, type Matrix, scaleColumns } from "./awq";
export { type Bnb4Weight, bnb4Form, emitBnb4 } from "./bnb4";
export { cholesky, inverseFactor } from "./cholesky";
export { type CollectRequest, collectInputs, type LinearInput } from "./collect-inputs";
export { derived, type PartSizes } from "./derived";
export { float16Code, float16Value, roundToFloat16, throughFloat16 } from "./float16";
export { type GptqOptions, gptq } from "./gptq";
export { Hessian } from "./hessian";
export { emitInt8, type Int8Options, type Int8Weight, int8Form } from "./int8";
export {
  blocksPerRow,
  emitNBits,
  isNBitsBlock,
  type NBitsActivations,
  type NBitsLayout,
  type NBitsWeight,
  nBitsForm,
  nBitsSizes,
  packCodes,
  packNBits,
} from "./n-bits";
export { namePattern } from "./name-pattern";
export { coder, roundToNearest, roundWith, scaleFor, scalesOf } from "./round-to-nearest";
export {
  codeRange,
  dequantize,
  type Granularity,
  groupOf,
  groupsPerRow,
  type Rounded,
  type RoundingOptions,
  type Scales,
  type Scheme,
  scaleIndex,
} from "./rounded";
