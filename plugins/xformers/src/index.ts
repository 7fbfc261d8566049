export type { Op } from "./attend";
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
