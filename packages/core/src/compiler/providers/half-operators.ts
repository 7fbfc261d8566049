import type { HalfOperators } from "./profile";

/**
 * What computes in float16 on accelerators. Not here, and so in float32: sinusoids, exponents, powers and sums of
 * elements (embeddings of timesteps, statistics written out), softmax, whose sums of thousands of terms stop growing at
 * 2048 in float16, and operators of plugins, which get casts.
 *
 * LayerNormalization and its kin have statistics in float32 inside their kernels; written out, their squares overflow.
 */
export const halfOperators: HalfOperators = {
  ...roles("computes", ["MatMul", "Conv", "Gemm", "MultiHeadAttention"]),
  ...roles("follows", ["Add", "Sub", "Mul", "Where", "Concat", "Relu", "Tanh", "Gelu", "QuickGelu"]),
  ...roles("follows", ["LayerNormalization", "SimplifiedLayerNormalization"]),
  ...roles("follows-first", ["Reshape", "Transpose", "Split", "Slice", "Expand", "Gather", "Pad", "Resize"]),
  ...roles("follows-first", ["DepthToSpace", "SpaceToDepth", "Unsqueeze", "Squeeze", "RotaryEmbedding"]),
};

function roles(role: HalfOperators[string], operators: readonly string[]): HalfOperators {
  return Object.fromEntries(operators.map((operator) => [operator, role]));
}
