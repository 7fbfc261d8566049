import type { Float32Part } from "../architecture/float32-part";
import { type Node, readsOf, type Value } from "../graph/value";
import type { HalfOperators } from "./providers/profile";
import { isInitializer } from "./weights-layout";

/**
 * The nodes that compute in 16 bits: products of matrices and their like wherever they stand; what goes on with their
 * values where all of these are. So float32 goes on along a stream until the next product, as torch's promotion has it.
 */
export function halfNodes(
  nodes: readonly Node[],
  operators: HalfOperators,
  float32: readonly Float32Part[],
): Set<Node> {
  const half = new Set<Node>();
  const halves = new Set<Value>();
  for (const node of nodes) {
    const role = node.domain === "com.microsoft.nchwc" ? undefined : operators[node.op];
    if (!role || node.body || float32.some((part) => isPart(part, node)) || hasLargeConstants(node)) continue;
    const floats = node.inputs.filter((input) => input !== undefined && input.dtype === "float32") as Value[];
    const followed = (role === "follows-first" ? floats.slice(0, 1) : floats).filter((input) => !isInitializer(input));
    const follows = followed.length > 0 && followed.every((input) => halves.has(input));
    if (node.outputs.some(({ dtype }) => dtype !== "float32") || !(role === "computes" || follows)) continue;
    half.add(node);
    for (const output of node.outputs) halves.add(output);
  }
  return half;
}

function isPart({ scopes, operators, weights }: Float32Part, node: Node): boolean {
  if (!scopes.test(node.scope) || (operators && !operators.includes(node.op))) return false;
  const labels = (): string[] =>
    readsOf(node)
      .filter(isInitializer)
      .map(({ origin }) => origin.payload.label);
  return !weights || labels().some((label) => weights.test(label));
}

/** Largest finite float16. */
const most = 65504;

/** Constants such as a mask's -1e30 would be infinite. */
function hasLargeConstants({ inputs }: Node): boolean {
  return inputs.some((input) => {
    if (!isInitializer(input) || input.dtype !== "float32") return false;
    const { payload } = input.origin;
    if (payload.half || payload.byteLength > 4096) return false;
    const { buffer, byteOffset, byteLength } = payload.bytes();
    return new Float32Array(buffer, byteOffset, byteLength / 4).some((value) => Math.abs(value) > most);
  });
}
