import type { DType } from "../../tensor";
import { kernelsOf } from "./kernels-of";
import type { Kernel } from "./profile";

const floats: readonly DType[] = ["float32", "float16"];
const numbers: readonly DType[] = [...floats, "int32", "int64", "int8", "uint32", "uint8"];
const sums: readonly DType[] = [...floats, "int32", "int64", "uint32"];
const anything: readonly DType[] = [...numbers, "bool"];
const places: readonly DType[] = ["int32", "int64"];
const bytes: readonly DType[] = ["int8", "uint8"];

/**
 * Kernels on DirectML for opset 23, as ONNX Runtime's docs/OperatorKernels.md lists them; nobody tried them here. They
 * end with opset 21: there is none of an operator that 22 or 23 have a newer version of, among them Cast, Conv, Pad,
 * Reshape, Shape, Squeeze, Transpose and Unsqueeze. So most of a model falls to the CPU, and is counted.
 */
export const dmlKernels: Readonly<Record<string, Kernel>> = {
  ...kernelsOf(floats, ["Abs", "Ceil", "Erf", "Exp", "Floor", "Gemm", "LayerNormalization", "LeakyRelu", "Log"]),
  ...kernelsOf(floats, ["MatMul", "Neg", "Reciprocal", "Relu", "Sigmoid", "SimplifiedLayerNormalization"]),
  ...kernelsOf(floats, ["Softmax", "Sqrt", "Tanh"]),
  ...kernelsOf(floats, ["com.microsoft/FastGelu", "com.microsoft/FusedMatMul", "com.microsoft/Gelu"]),
  ...kernelsOf(floats, ["com.microsoft/GroupNorm", "com.microsoft/QuickGelu", "com.microsoft/SkipLayerNormalization"]),
  ...kernelsOf(numbers, ["Add", "Clip", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]),
  ...kernelsOf(numbers, ["Max", "Min", "Mul", "Sub"]),
  ...kernelsOf(["bool"], ["And", "Not", "Or"]),
  ...kernelsOf(sums, ["ReduceL1", "ReduceL2", "ReduceMean", "ReduceProd", "ReduceSum", "ReduceSumSquare"], [1]),
  ...kernelsOf(anything, ["ReduceMax", "ReduceMin", "Tile"], [1]),
  ...kernelsOf(sums, ["CumSum"], [1]),
  ...kernelsOf(numbers, ["TopK"], [1]),
  ...kernelsOf(anything, ["Concat", "DepthToSpace", "SpaceToDepth"]),
  ...kernelsOf(anything, ["Expand", "Split", "Trilu"], [1]),
  ...kernelsOf(anything, ["Slice"], [1, 2, 3, 4]),
  ...kernelsOf(["float32", "int32", "int64"], ["Range"], [0, 1, 2]),
  Pow: {
    inputs: [
      [...floats, "int32"],
      [...floats, "int32", "int8", "uint32", "uint8"],
    ],
  },
  Where: { inputs: [["bool"], anything] },
  Resize: { inputs: [[...floats, ...bytes], floats, ["float32"], ["int64"]], host: [1, 2, 3] },
  Gather: { inputs: [anything, places] },
  GatherElements: { inputs: [anything, places] },
  GatherND: { inputs: [anything, ["int64"]] },
  ScatterElements: { inputs: [anything, places, anything] },
  ScatterND: { inputs: [anything, ["int64"], anything] },
  ConvInteger: { inputs: [bytes] },
  MatMulInteger: { inputs: [bytes] },
  DynamicQuantizeLinear: { inputs: [["float32"]] },
  "com.microsoft/DynamicQuantizeMatMul": { inputs: [["float32"], bytes, ["float32"], bytes, ["float32"]] },
  "com.microsoft/MatMulIntegerToFloat": { inputs: [bytes, bytes, floats, floats, bytes, bytes, floats] },
  "com.microsoft/MatMulNBits": { inputs: [floats, ["uint8"], floats, ["uint8"], ["int32"], floats] },
  "com.microsoft/MultiHeadAttention": { inputs: [floats, floats, floats, floats, ["int32"], floats] },
};
