import { type Node, readsOf, type Value } from "../../graph/value";
import { sizeOf } from "../../tensor";
import { kernelOf, operatorName, type ProviderProfile } from "./profile";

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
  const { distinct, firstOf } = distinctNodes(nodes);
  const constant = new Set<Value>();
  const made = new Set<Value>();
  /** What lies in main memory, and was not fed. */
  const hosted = new Set<Value>();
  const isConstant = (value: Value): boolean => value.origin.kind === "initializer" || constant.has(value);
  const found: Node[] = [];
  for (const node of distinct) {
    const { outputs, body } = node;
    const reads = readsOf(node).map(firstOf);
    for (const output of outputs) made.add(output);
    if (folds && reads.every(isConstant) && !neverFolded.has(node.op)) {
      for (const output of outputs) constant.add(output);
      continue;
    }
    if (body) found.push(...nodesOnCpu(profile, body.nodes, folds));
    const kernel = kernelOf(profile, node);
    const follows = reads.some((value) => hosted.has(value));
    const isReadable = (given: Value | undefined, i: number): boolean => {
      if (!given) return true;
      const value = firstOf(given);
      if (isConstant(value)) return isSmall(value);
      return made.has(value) ? hosted.has(value) && !kernel?.host?.includes(i) : true;
    };
    const isLeft = follows && node.inputs.every((value, i) => value?.dtype !== "float16" && isReadable(value, i));
    if (!kernel || isLeft) found.push(node);
    const isHosted = kernel && !isLeft ? kernel.givesSizes === true : follows;
    if (isHosted) for (const output of outputs) hosted.add(output);
  }
  return found;
}

function isSmall({ shape }: Value): boolean {
  return shape.every((dim) => typeof dim === "number") && sizeOf(shape) <= smallConstant;
}

/** Nodes without those that compute what one before them does: ONNX Runtime leaves them out. @returns these, and what stands for a value */
function distinctNodes(nodes: readonly Node[]): { distinct: Node[]; firstOf: (value: Value) => Value } {
  const firsts = new Map<string, Node>();
  const same = new Map<Value, Value>();
  const firstOf = (value: Value): Value => same.get(value) ?? value;
  const distinct = nodes.filter((node) => {
    if (node.body) return true;
    const inputs = node.inputs.map((value) => value && firstOf(value).name);
    const key = JSON.stringify([operatorName(node), inputs, Object.entries(node.attributes).sort()]);
    const first = firsts.get(key);
    if (!first) firsts.set(key, node);
    else for (const [i, output] of node.outputs.entries()) same.set(output, first.outputs[i]!);
    return first === undefined;
  });
  return { distinct, firstOf };
}
