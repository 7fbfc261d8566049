import type { DType } from "../../tensor";
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
  ...of(floats, [
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
  ...of(floats, ["Sigmoid", "Softmax", "Softplus", "Sqrt", "Tanh"]),
  ...of(floats, ["com.microsoft/FastGelu", "com.microsoft/Gelu", "com.microsoft/QuickGelu"]),
  ...of(floats, ["AveragePool", "Conv", "DepthToSpace", "InstanceNormalization", "LayerNormalization", "MatMul"]),
  ...of(floats, ["RMSNormalization", "RotaryEmbedding", "SimplifiedLayerNormalization"]),
  ...of(floats, ["com.microsoft/SkipLayerNormalization"]),
  ...of(numbers, ["Add", "Clip", "Div", "Gemm", "Max", "Min", "Mul", "Sub"]),
  ...of(numbers, ["ArgMax", "ArgMin", "Concat", "Identity", "Transpose", "Trilu"]),
  ...of(numbers, ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]),
  ...of(["bool"], ["And", "Not"]),
  ...of(numbers, ["ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd"], [1]),
  ...of(numbers, ["ReduceSum", "ReduceSumSquare"], [1]),
  ...of(numbers, ["CumSum", "Pad", "Split", "Squeeze", "Tile"], [1]),
  ...of([...numbers, "bool"], ["Unsqueeze"], [1]),
  ...of([...numbers, ...bytes], ["Expand", "Reshape"], [1]),
  ...of(floats, ["TopK"], [1]),
  ...of(floats, ["Slice"], [1, 2, 3, 4]),
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

/** Operators all of whose inputs are of one type. @param host inputs that are read in main memory */
function of(types: readonly DType[], operators: readonly string[], host?: readonly number[]): Record<string, Kernel> {
  const kernel = { inputs: [types], ...(host ? { host } : {}) };
  return Object.fromEntries(operators.map((operator) => [operator, kernel]));
}
