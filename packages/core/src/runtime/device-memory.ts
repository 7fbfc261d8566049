import { InferenceSession } from "onnxruntime-node";

/** What opens and runs a model, as ONNX Runtime has it. */
export type DeviceSession = Pick<InferenceSession, "run" | "release" | "inputMetadata" | "outputMetadata">;

/** A provider's own memory, where tensors can stay between two runs. */
export interface DeviceMemory {
  /**
   * Opens a model whose outputs stay there, or come to main memory. Its inputs may lie in either. What stays is let go of
   * by `dispose` and by nothing else, and not after the last session of the provider was released: that ends the process.
   */
  open(
    model: string | Uint8Array,
    options: InferenceSession.SessionOptions,
    outputs: "device" | "main",
  ): Promise<DeviceSession>;
}

/** What ONNX Runtime's binding for Node calls a GPU buffer is one of WebGPU's, on its first device, and of nothing else. */
const gpuBuffers: DeviceMemory = {
  open: (model, options, outputs) => {
    const placed = outputs === "device" ? { ...options, preferredOutputLocation: "gpu-buffer" as const } : options;
    return typeof model === "string" ? InferenceSession.create(model, placed) : InferenceSession.create(model, placed);
  },
};

/** By provider. From all others tensors come to main memory after each run. */
export const deviceMemories = new Map<string, DeviceMemory>([["webgpu", gpuBuffers]]);
