import type { Node, Value } from "../../graph/value";
import type { DType, HalfType } from "../../tensor";
import { documentedProfiles } from "./documented";
import { halfOperators } from "./half-operators";
import type { StandIn } from "./stand-in";
import { webgpuForms } from "./webgpu";
import { webgpuKernels } from "./webgpu-kernels";

/** One way in which an operator is emitted for a provider. */
export interface Form {
  /** What refusals and keys of engines call it: `fused`, `composed`. */
  readonly name: string;
  /** Whether it may stand for a node; for each where it is left out. */
  readonly fits?: (node: Node) => boolean;
  /** Emits what stands for the node, which stays as it is where this is left out. */
  readonly emit?: (node: Node, g: StandIn) => Value;
}

/** What of an operator a provider has a kernel for. */
export interface Kernel {
  /** Element types of each input; those behind the last are as that one. */
  readonly inputs: readonly (readonly DType[])[];
  /** Element types of the outputs, where some are not to be had. */
  readonly outputs?: readonly DType[];
  /** Inputs that it reads in main memory, of any type: shapes, axes, sizes. */
  readonly host?: readonly number[];
  /** Where its outputs lie in main memory: lengths of axes. */
  readonly givesSizes?: true;
}

/**
 * How operators compute in 16 bits: wherever they stand, where all that they read is of 16 bits, or the first of it.
 * Others compute in float32.
 */
export type HalfOperators = Readonly<Record<string, "computes" | "follows" | "follows-first">>;

/** All that is known of a provider before it is tried: data, so that nothing else asks which provider it is. */
export interface ProviderProfile {
  /** What others are compared with: nothing is tried there. */
  readonly isReference?: true;
  /** What it has kernels for, by `operatorName`; the rest runs on the CPU. Everything, or nobody knows, where it is left out. */
  readonly kernels?: Readonly<Record<string, Kernel>>;
  /** How operators are emitted, the best form first: the first that fits a node, and is right where it is tried. */
  readonly forms: Readonly<Record<string, readonly Form[]>>;
  /** Whether products with weights of few bits take inputs as they are, where the CPU's kernels round them to int8. */
  readonly exactProducts?: true;
  /** Types of 16 bits that weights may be stored in. */
  readonly halves: readonly HalfType[];
  /** What it computes in them; without it they are cast to float32 when they are read. */
  readonly halfOperators?: HalfOperators;
}

const profiles: Readonly<Record<string, ProviderProfile>> = {
  cpu: { isReference: true, forms: {}, halves: ["float16", "bfloat16"] },
  webgpu: { kernels: webgpuKernels, forms: webgpuForms, exactProducts: true, halves: ["float16"], halfOperators },
  ...documentedProfiles,
};

/** Of a provider of which nothing is known. */
const other: ProviderProfile = { forms: {}, halves: ["float16"], halfOperators };

/** @param device a provider, or one of its devices: `webgpu`, `cuda:1` */
export function profileOf(device: string): ProviderProfile {
  return profiles[device.split(":")[0]!] ?? other;
}

/** `MatMul`, `com.microsoft/MatMulNBits`. */
export function operatorName({ op, domain }: Pick<Node, "op" | "domain">): string {
  return domain === "" ? op : `${domain}/${op}`;
}

/** Forms that may stand for a node, the best first; one that leaves it as it is where the profile says nothing. */
export function formsFor({ forms }: ProviderProfile, node: Node): readonly Form[] {
  const own = (forms[node.op] ?? []).filter(({ fits }) => fits?.(node) ?? true);
  return own.length > 0 ? own : [asItIs];
}

/** Whether a provider lacks an operator that a node's output was made by, and the node says how to do without. */
export function isReplaced({ kernels }: ProviderProfile, { portable }: Node): boolean {
  return kernels !== undefined && portable?.lacking.some((operator) => !kernels[operator]) === true;
}

/** What stands for most nodes. */
export const asItIs: Form = { name: "as it is" };

/** The kernel that runs a node; one that takes anything where nobody knows. */
export function kernelOf({ kernels }: ProviderProfile, node: Node): Kernel | undefined {
  if (!kernels) return { inputs: [] };
  const kernel = kernels[operatorName(node)];
  if (!kernel) return undefined;
  const { inputs, outputs, host = [] } = kernel;
  const isTaken = (value: Value | undefined, i: number): boolean =>
    !value || host.includes(i) || inputs[Math.min(i, inputs.length - 1)]!.includes(value.dtype);
  const isGiven = ({ dtype }: Value): boolean => outputs?.includes(dtype) ?? true;
  return node.inputs.every(isTaken) && node.outputs.every(isGiven) ? kernel : undefined;
}
