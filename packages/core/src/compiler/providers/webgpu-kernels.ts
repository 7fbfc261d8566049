import type { DType } from "../../tensor";
import { kernelsOf } from "./kernels-of";
import type { Kernel } from "./profile";

const floats: readonly DType[] = ["float32", "float16"];
const numbers: readonly DType[] = [...floats, "int32", "uint32"];
const bytes: readonly DType[] = ["bool", "uint8"];
const anything: readonly DType[] = [...numbers, ...bytes, "int64", "int8"];
const places: readonly DType[] = ["int32", "int64"];

/**
 * Kernels of ONNX Runtime 1.30 on WebGPU for opset 23, as its sessions place one node of each element type. Sine and
 * cosine have some up to opset 21 only.
 */
export const webgpuKernels: Readonly<Record<string, Kernel>> = {
  ...kernelsOf(floats, [
    "Abs",
    "Ceil",
    "Erf",
    "Exp",
    "Floor",
    "Gelu",
    "LeakyRelu",
    "Log",
    "Mish",
    "Neg",
    "Reciprocal",
    "Relu",
  ]),
  ...kernelsOf(floats, ["Sigmoid", "Softmax", "Softplus", "Sqrt", "Tanh"]),
  ...kernelsOf(floats, ["com.microsoft/FastGelu", "com.microsoft/Gelu", "com.microsoft/QuickGelu"]),
  ...kernelsOf(floats, [
    "AveragePool",
    "Conv",
    "DepthToSpace",
    "InstanceNormalization",
    "LayerNormalization",
    "MatMul",
  ]),
  ...kernelsOf(floats, ["RMSNormalization", "RotaryEmbedding", "SimplifiedLayerNormalization"]),
  ...kernelsOf(floats, ["com.microsoft/SkipLayerNormalization"]),
  ...kernelsOf(numbers, ["Add", "Clip", "Div", "Gemm", "Max", "Min", "Mul", "Sub"]),
  ...kernelsOf(numbers, ["ArgMax", "ArgMin", "Concat", "Identity", "Transpose", "Trilu"]),
  ...kernelsOf(numbers, ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]),
  ...kernelsOf(["bool"], ["And", "Not"]),
  ...kernelsOf(numbers, ["ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd"], [1]),
  ...kernelsOf(numbers, ["ReduceSum", "ReduceSumSquare"], [1]),
  ...kernelsOf(numbers, ["CumSum", "Pad", "Split", "Squeeze", "Tile"], [1]),
  ...kernelsOf([...numbers, "bool"], ["Unsqueeze"], [1]),
  ...kernelsOf([...numbers, ...bytes], ["Expand", "Reshape"], [1]),
  ...kernelsOf(floats, ["TopK"], [1]),
  ...kernelsOf(floats, ["Slice"], [1, 2, 3, 4]),
  Cast: { inputs: [[...numbers, ...bytes]], outputs: [...numbers, ...bytes, "int64"] },
  Range: { inputs: [["float32", "int32"]], host: [0, 1, 2], outputs: ["float32", "int32"] },
  Pow: { inputs: [[...floats, "int32"]] },
  Where: { inputs: [["bool"], [...numbers, "bool"]] },
  Resize: { inputs: [numbers, ["float32"], ["float32"], ["int64"]], host: [1, 2, 3] },
  Gather: { inputs: [[...numbers, ...bytes], places] },
  GatherElements: { inputs: [floats, places] },
  GatherND: { inputs: [numbers, ["int64"]] },
  ScatterElements: { inputs: [numbers, places, numbers] },
  ScatterND: { inputs: [numbers, ["int64"], numbers] },
  Shape: { inputs: [anything], givesSizes: true },
  DequantizeLinear: { inputs: [["uint8", "int8", "int32"], floats, ["uint8", "int8", "int32"]] },
  "com.microsoft/GatherBlockQuantized": { inputs: [["uint8"], places, floats, ["uint8"]] },
  "com.microsoft/MatMulBnb4": { inputs: [floats, ["uint8"], floats] },
  "com.microsoft/MatMulNBits": { inputs: [floats, ["uint8"], floats, ["uint8"], ["int32"], floats] },
  "com.microsoft/MultiHeadAttention": { inputs: [floats, floats, floats, floats, ["int32"], floats] },
};
