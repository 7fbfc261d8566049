import { coremlKernels } from "./coreml-kernels";
import { cudaKernels } from "./cuda-kernels";
import { dmlKernels } from "./dml-kernels";
import { halfOperators } from "./half-operators";
import type { Form, ProviderProfile } from "./profile";
import { webgpuForms } from "./webgpu";

/** Forms of WebGPU by name, which are right on any provider that has kernels of what they are made of. */
function borrowed(operator: string, name: string): Form[] {
  return webgpuForms[operator]!.filter((form) => form.name === name);
}

const fused: Form = { name: "fused" };
const composed = borrowed("MultiHeadAttention", "composed");
const angles = { Sin: borrowed("Sin", "polynomial"), Cos: borrowed("Cos", "polynomial") };
const means = { GlobalAveragePool: borrowed("GlobalAveragePool", "mean") };

/** What is tried on each of them: the fused kernel first, and what stands in where it is wrong or not there. */
const forms = {
  MultiHeadAttention: [fused, ...composed],
  LayerNormalization: [fused, ...borrowed("LayerNormalization", "instances")],
};

/**
 * Providers that nobody ran this on: kernels by their documentation, so that what would fall to the CPU is counted, and
 * forms by it, which are tried like all others when a pipeline opens.
 */
export const documentedProfiles: Readonly<Record<string, ProviderProfile>> = {
  cuda: { kernels: cudaKernels, forms: { ...forms, ...angles, ...means }, halves: ["float16"], halfOperators },
  dml: { kernels: dmlKernels, forms: { ...forms, ...means }, halves: ["float16"], halfOperators },
  coreml: {
    kernels: coremlKernels,
    forms: {
      ...forms,
      MultiHeadAttention: composed,
      FusedMatMul: borrowed("FusedMatMul", "product"),
      SpaceToDepth: borrowed("SpaceToDepth", "slices"),
    },
    halves: ["float16"],
    halfOperators,
  },
};
