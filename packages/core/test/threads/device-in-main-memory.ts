/**
 * A device without one: models run on the CPU, and what they give is hidden as WebGPU hides it. Its elements are to be
 * had by a run only, and whoever looks at them otherwise, or at what was let go of, gets an error.
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { DeviceMemory } from "../../src/runtime/device-memory";

/** Tensors that were made and not let go of. */
let alive = 0;

export const deviceInMainMemory: DeviceMemory & { readonly alive: number } = {
  get alive() {
    return alive;
  },
  async open(model, options, outputs) {
    const session = await (typeof model === "string"
      ? InferenceSession.create(model, options)
      : InferenceSession.create(model, options));
    return {
      inputMetadata: session.inputMetadata,
      outputMetadata: session.outputMetadata,
      release: () => session.release(),
      run: async (feeds: InferenceSession.OnnxValueMapType, ...names: never[]) => {
        const shown = Object.entries(feeds).map(([name, value]) => [name, show(value as Tensor)]);
        const results = await session.run(Object.fromEntries(shown), ...names);
        if (outputs === "main") return results;
        return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, hide(value as Tensor)]));
      },
    };
  },
};

function hide(tensor: Tensor): Tensor {
  alive++;
  return Tensor.fromGpuBuffer(tensor as never, {
    dataType: tensor.type as "float32",
    dims: [...tensor.dims],
    dispose: () => alive--,
  });
}

function show(tensor: Tensor): Tensor {
  return tensor.location === "cpu" ? tensor : (tensor.gpuBuffer as unknown as Tensor);
}
