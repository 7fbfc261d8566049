export type { Op } from "./attend";
export type { BackendName, BackendOption } from "./attention-backend";
export {
  type AttentionBias,
  type Band,
  BlockDiagonalCausalMask,
  BlockDiagonalMask,
  type Blocks,
  LocalAttentionFromBottomRightMask,
  LowerTriangularFromBottomRightLocalAttentionMask,
  LowerTriangularFromBottomRightMask,
  LowerTriangularMask,
} from "./attention-bias";
export { type MemoryEfficientAttentionOptions, memoryEfficientAttention } from "./memory-efficient-attention";
export type { XformersOptions } from "./options";
export type { BiasOption } from "./parse-bias";
export {
  disableMemoryEfficientAttention,
  enableMemoryEfficientAttention,
  resetAttentionBackend,
  setAttentionBackend,
} from "./switch";
export { Xformers } from "./xformers";
