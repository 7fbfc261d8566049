import type { DType } from "../../tensor";
import { kernelsOf } from "./kernels-of";
import type { Kernel } from "./profile";

const floats: readonly DType[] = ["float32", "float16"];
const wholes: readonly DType[] = ["int32", "int64"];
const numbers: readonly DType[] = [...floats, ...wholes, "uint32"];
const anything: readonly DType[] = [...numbers, "bool", "uint8", "int8"];
const places = wholes;

/**
 * Kernels on CUDA for opset 23, as ONNX Runtime's docs/OperatorKernels.md lists them; nobody tried them here. A kernel
 * "from version 7 on" is none of an operator that opset 23 has a newer version of: Cos, Equal, InstanceNormalization, Pad,
 * ReduceMax, ReduceMin, Sin and a few more.
 */
export const cudaKernels: Readonly<Record<string, Kernel>> = {
  ...kernelsOf(floats, ["ArgMax", "ArgMin", "Ceil", "Erf", "Exp", "Floor", "Gelu", "LeakyRelu", "Log"]),
  ...kernelsOf(floats, ["Reciprocal", "Relu", "Sigmoid", "Softmax", "Sqrt", "Tanh"]),
  ...kernelsOf(floats, ["AveragePool", "Conv", "DepthToSpace", "Gemm", "LayerNormalization", "MatMul"]),
  ...kernelsOf(floats, ["RMSNormalization", "SimplifiedLayerNormalization", "SpaceToDepth"]),
  ...kernelsOf(floats, ["com.microsoft/FastGelu", "com.microsoft/FusedMatMul", "com.microsoft/Gelu"]),
  ...kernelsOf(floats, ["com.microsoft/GroupNorm", "com.microsoft/QuickGelu", "com.microsoft/SkipLayerNormalization"]),
  ...kernelsOf(numbers, ["Abs", "Add", "Div", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]),
  ...kernelsOf(numbers, ["Max", "Min", "Mul", "Sub"]),
  ...kernelsOf([...floats, ...wholes, "int8"], ["Neg"]),
  ...kernelsOf([...floats, ...wholes], ["Pow"]),
  ...kernelsOf([...floats, "int64", "int8", "uint8"], ["Clip"]),
  ...kernelsOf(["bool"], ["And", "Not", "Or"]),
  ...kernelsOf([...floats, "int32"], ["ReduceL1", "ReduceL2", "ReduceMean", "ReduceProd"], [1]),
  ...kernelsOf([...floats, ...wholes], ["ReduceSum", "Tile", "TopK"], [1]),
  ...kernelsOf(floats, ["ReduceSumSquare"], [1]),
  ...kernelsOf(numbers, ["CumSum"], [1]),
  ...kernelsOf(anything, ["Concat", "Transpose", "com.microsoft/Trilu"]),
  ...kernelsOf(anything, ["Expand", "Reshape", "Split", "Squeeze", "Trilu", "Unsqueeze"], [1]),
  ...kernelsOf(anything, ["Slice"], [1, 2, 3, 4]),
  ...kernelsOf([...floats, ...wholes], ["Range"], [0, 1, 2]),
  Cast: { inputs: [anything] },
  Compress: { inputs: [anything, ["bool"]] },
  Where: { inputs: [["bool"], [...floats, ...wholes, "uint8"]] },
  Resize: { inputs: [[...floats, "int32", "uint8"], floats, ["float32"], ["int64"]], host: [1, 2, 3] },
  RotaryEmbedding: { inputs: [floats, floats, floats, ["int64"]] },
  Gather: { inputs: [anything, places] },
  GatherElements: { inputs: [anything, places] },
  GatherND: { inputs: [[...floats, "bool", "int64"], ["int64"]] },
  ScatterElements: { inputs: [anything, places, anything] },
  ScatterND: { inputs: [anything, ["int64"], anything] },
  NonZero: { inputs: [[...floats, ...wholes, "bool", "uint8"]] },
  Shape: { inputs: [anything], givesSizes: true },
  MatMulInteger: { inputs: [["int8"]] },
  "com.microsoft/GatherBlockQuantized": { inputs: [["uint8"], places, floats, ["uint8"]] },
  "com.microsoft/MatMulBnb4": { inputs: [floats, ["uint8"], floats] },
  "com.microsoft/MatMulNBits": { inputs: [floats, ["uint8"], floats, [...floats, "uint8"], ["int32"], floats] },
  "com.microsoft/MultiHeadAttention": { inputs: [floats, floats, floats, floats, ["int32"], floats] },
};
