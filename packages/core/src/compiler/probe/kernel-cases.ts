import { attentionCase } from "./attention-cases";
import { binaryCase, castCase, reduceCase, softmaxCase, unaryCase, waveCase, whereCase } from "./elementwise-cases";
import type { CaseOf } from "./kernel-case";
import { convCase, fusedMatMulCase, matMulCase } from "./matrix-cases";
import * as moving from "./moving-cases";
import { instanceNormCase, rowNormCase } from "./norm-cases";
import { bnb4Case, dequantizeCase, nBitsCase } from "./quantized-cases";

/** How each operator is tried, by `operatorName`. */
export const kernelCases: Readonly<Record<string, CaseOf>> = {
  ...each(["Abs", "Ceil", "Exp", "Floor", "Gelu", "Log", "Neg", "Not", "Relu", "Sigmoid", "Sqrt", "Tanh"], unaryCase),
  ...each(["com.microsoft/QuickGelu"], unaryCase),
  ...each(["Add", "Div", "Mul", "Sub", "Max", "Min"], binaryCase),
  ...each(["And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"], binaryCase),
  ...each(["ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "ReduceSumSquare"], reduceCase),
  ...each(["Cos", "Sin"], waveCase),
  Where: whereCase,
  Cast: castCase,
  Softmax: softmaxCase,
  MatMul: matMulCase,
  "com.microsoft/FusedMatMul": fusedMatMulCase,
  Conv: convCase,
  "com.microsoft/MatMulNBits": nBitsCase,
  "com.microsoft/MatMulBnb4": bnb4Case,
  DequantizeLinear: dequantizeCase,
  "com.microsoft/MultiHeadAttention": attentionCase,
  RotaryEmbedding: moving.rotaryCase,
  ...each(["LayerNormalization", "SimplifiedLayerNormalization"], rowNormCase),
  InstanceNormalization: instanceNormCase,
  ...each(["AveragePool", "GlobalAveragePool"], moving.poolCase),
  Resize: moving.resizeCase,
  ...each(["Reshape", "Squeeze", "Unsqueeze"], moving.reshapeCase),
  Transpose: moving.transposeCase,
  Split: moving.splitCase,
  Concat: moving.concatCase,
  Slice: moving.sliceCase,
  Expand: moving.expandCase,
  Gather: moving.gatherCase,
  GatherElements: moving.gatherElementsCase,
  Pad: moving.padCase,
  ...each(["DepthToSpace", "SpaceToDepth"], moving.blockCase),
  CumSum: moving.cumSumCase,
};

function each(operators: readonly string[], caseOf: CaseOf): Record<string, CaseOf> {
  return Object.fromEntries(operators.map((operator) => [operator, caseOf]));
}
