import { type Node, readsOf, type Value } from "../../graph/value";
import { sizeOf } from "../../tensor";
import { kernelOf, type ProviderProfile } from "./profile";

/** Elements up to which a constant is read on either side. */
const smallConstant = 100;

/** Computed when a model is opened, where all that they read is constant: not these, which ONNX Runtime leaves alone. */
const neverFolded = new Set(["DequantizeLinear", "QuantizeLinear", "Scan"]);

/**
 * Nodes of a segment that run on the CPU though its provider is another: those that have no kernel there, and those that
 * read only what lies in main memory, as work on shapes does, which ONNX Runtime leaves where it is.
 * @param folds whether what depends on constants alone is computed when the segment is opened
 */
export function nodesOnCpu(profile: ProviderProfile, nodes: readonly Node[], folds: boolean): Node[] {
  if (!profile.kernels) return [];
  const constant = new Set<Value>();
  const made = new Set<Value>();
  /** What lies in main memory, and was not fed. */
  const hosted = new Set<Value>();
  const isConstant = (value: Value): boolean => value.origin.kind === "initializer" || constant.has(value);
  const found: Node[] = [];
  for (const node of nodes) {
    const reads = readsOf(node);
    for (const output of node.outputs) made.add(output);
    if (folds && reads.every(isConstant) && !neverFolded.has(node.op)) {
      for (const output of node.outputs) constant.add(output);
      continue;
    }
    if (node.body) found.push(...nodesOnCpu(profile, node.body.nodes, folds));
    const kernel = kernelOf(profile, node);
    const follows = reads.some((value) => hosted.has(value));
    const isReadable = (value: Value | undefined, i: number): boolean => {
      if (!value) return true;
      if (isConstant(value)) return isSmall(value);
      return made.has(value) ? hosted.has(value) && !kernel?.host?.includes(i) : true;
    };
    const isLeft = follows && node.inputs.every((value, i) => value?.dtype !== "float16" && isReadable(value, i));
    if (kernel && !isLeft) {
      if (kernel.givesSizes) for (const output of node.outputs) hosted.add(output);
      continue;
    }
    found.push(node);
    if (follows) for (const output of node.outputs) hosted.add(output);
  }
  return found;
}

function isSmall({ shape }: Value): boolean {
  return shape.every((dim) => typeof dim === "number") && sizeOf(shape) <= smallConstant;
}
