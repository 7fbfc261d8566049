import type { DType } from "../../tensor";
import { kernelsOf } from "./kernels-of";
import type { Kernel } from "./profile";

const floats: readonly DType[] = ["float32", "float16"];

/**
 * What ONNX Runtime makes a part of an ML program of (`coreMlFlags` 16), as its coreml_supported_mlprogram_ops.md lists
 * them; nobody tried them here. Neither attention nor anything else of com.microsoft but QuickGelu is among them.
 */
export const coremlKernels: Readonly<Record<string, Kernel>> = {
  ...kernelsOf(floats, ["Add", "ArgMax", "AveragePool", "Ceil", "Clip", "Concat", "Conv", "Cos", "DepthToSpace"]),
  ...kernelsOf(floats, ["Div", "Erf", "Exp", "Gelu", "Gemm", "GlobalAveragePool", "Identity"]),
  ...kernelsOf(floats, ["InstanceNormalization", "LayerNormalization", "LeakyRelu", "MatMul", "Max", "Mul"]),
  ...kernelsOf(floats, ["Reciprocal", "Relu", "Round", "Sigmoid", "Sin", "Softmax", "Softplus", "Sqrt", "Sub", "Tanh"]),
  ...kernelsOf(floats, ["Transpose", "com.microsoft/QuickGelu"]),
  ...kernelsOf(
    floats,
    ["ReduceMax", "ReduceMean", "ReduceSum", "Reshape", "Split", "Squeeze", "Tile", "Unsqueeze"],
    [1],
  ),
  ...kernelsOf(floats, ["Slice"], [1, 2, 3, 4]),
  ...kernelsOf([...floats, "int32"], ["Range"], [0, 1, 2]),
  Cast: { inputs: [[...floats, "int32", "int64", "bool"]] },
  GatherND: { inputs: [floats, ["int64"]] },
  Pow: { inputs: [["float32"]] },
  Resize: { inputs: [floats, ["float32"], ["float32"], ["int64"]], host: [1, 2, 3] },
  Shape: { inputs: [floats], givesSizes: true },
};
