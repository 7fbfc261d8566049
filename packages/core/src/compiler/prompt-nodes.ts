import { moduleOf } from "../graph/module-names";
import { type Node, readsOf, type Value } from "../graph/value";
import { isCounted } from "./flops";

/**
 * Nodes that compute what depends on steady inputs alone, such as the prompt: whole modules of them, with what leads to
 * them and what follows from them outside of modules. A module that also reads what changes from step to step stays
 * together: what its parts give would have to be remembered for each of them.
 * @param isFree whether a node may be taken from its place
 * @returns in running order
 */
export function promptNodes(nodes: readonly Node[], isFree: (position: number) => boolean): ReadonlySet<Node> {
  const steady = steadyNodes(nodes);
  const mixed = new Set(nodes.filter((node) => !steady.has(node)).map(moduleOf));
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const makersOf = (node: Node): Node[] => readsOf(node).flatMap((value) => makers.get(value) ?? []);
  const movable = new Set<Node>();
  for (const [position, node] of nodes.entries()) {
    const isWhole = moduleOf(node) === "" || !mixed.has(moduleOf(node));
    if (steady.has(node) && isWhole && isFree(position) && makersOf(node).every((maker) => movable.has(maker)))
      movable.add(node);
  }
  // Worth it are those that multiply matrices; all else goes along with them or stays.
  const chosen = new Set([...movable].filter(({ op }) => isCounted(op)));
  for (const node of movable) if (makersOf(node).some((maker) => chosen.has(maker))) chosen.add(node);
  for (const node of [...movable].reverse())
    if (chosen.has(node)) for (const maker of makersOf(node)) chosen.add(maker);
  return new Set(nodes.filter((node) => chosen.has(node)));
}

/** Nodes that read steady inputs and constants alone. */
function steadyNodes(nodes: readonly Node[]): ReadonlySet<Node> {
  const steady = new Set<Node>();
  const changing = new Set<Value>();
  for (const node of nodes) {
    const isChanging = readsOf(node).some(
      (value) => changing.has(value) || (value.origin.kind === "input" && !value.origin.steady),
    );
    if (!isChanging) steady.add(node);
    else for (const output of node.outputs) changing.add(output);
  }
  return steady;
}
