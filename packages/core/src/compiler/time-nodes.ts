import { asMultiple, type Dim } from "../graph/dim";
import { type Node, readersOf, readsOf, type Value } from "../graph/value";
import { isCounted } from "./flops";
import { keepsRowsApart } from "./rows-apart";

/** Nodes of what the timestep decides, and how they may run. */
export interface TimeNodes {
  /** In running order. */
  readonly nodes: ReadonlySet<Node>;
  /** The size that counts a batch's rows: `B`. */
  readonly rows: string;
  /** Whether each row is computed from its own alone: the rows of several steps may then go in one batch. */
  readonly areRowsApart: boolean;
}

type Readers = ReadonlyMap<Value, readonly Node[]>;

/** Elements of a constant that such nodes may give: weights, turned or cast, never leave. */
const mostConstant = 2 ** 16;

/**
 * Nodes that compute what depends on the timestep, and on what is the same at every step: time embeddings, modulations.
 * They are known for all steps before the first. Taken are products of matrices, with what leads to them and what follows
 * from them without being more. What has a row for each token stays: it would have to be remembered for each step.
 * @param leaving what comes out of the graph @param isFree whether a node may be taken from its place
 */
export function timeNodes(
  inputs: readonly Value[],
  nodes: readonly Node[],
  leaving: ReadonlySet<Value>,
  isFree: (node: Node) => boolean,
): TimeNodes | undefined {
  const rows = rowsOf(inputs);
  if (rows === undefined) return undefined;
  const sizes = new Set([rows, ...inputs.flatMap(branchSizes)]);
  const readers = readersOf(nodes);
  const kept = new Set<Node>();
  for (;;) {
    const known = knownBefore(
      nodes.filter((node) => isFree(node) && !kept.has(node)),
      sizes,
      rows,
    );
    const chosen = choose(known, readers, leaving);
    const crosses = (value: Value): boolean =>
      leaving.has(value) || (readers.get(value) ?? []).some((reader) => !chosen.has(reader));
    const unfit = [...chosen].filter(({ outputs }) =>
      outputs.some((value) => crosses(value) && !mayCross(value, rows, known)),
    );
    if (chosen.size === 0) return undefined;
    if (unfit.length === 0)
      return {
        nodes: new Set(nodes.filter((node) => chosen.has(node))),
        rows,
        areRowsApart: [...chosen].every((node) => keepsRowsApart(node, rows)),
      };
    for (const node of unfit) kept.add(node);
  }
}

/** The size of the first axis that all inputs of time have in common. */
function rowsOf(inputs: readonly Value[]): string | undefined {
  const timed = inputs.filter(({ origin }) => origin.kind === "input" && origin.timed);
  const names = new Set(timed.map(({ shape: [first = 1] }) => (asMultiple(first)?.factor === 1 ? String(first) : "")));
  const [name] = names;
  return names.size === 1 && name !== "" ? name : undefined;
}

/** Sizes that only what runs beside a weight has: a LoRA's rank. */
function branchSizes({ origin, shape }: Value): string[] {
  return origin.kind === "input" && origin.branch ? shape.flatMap((dim) => asMultiple(dim)?.name ?? []) : [];
}

/** What is known before the first step. */
interface Known {
  /** Nodes by what they make, in running order. */
  readonly makers: ReadonlyMap<Value, Node>;
  /** What the timestep enters, and what nothing enters. */
  readonly timed: ReadonlySet<Value>;
  readonly constant: ReadonlySet<Value>;
}

/** @param sizes what run-time sizes values may have @param rows the one that is cut apart */
function knownBefore(nodes: readonly Node[], sizes: ReadonlySet<string>, rows: string): Known {
  const makers = new Map<Value, Node>();
  const [timed, constant] = [new Set<Value>(), new Set<Value>()];
  const isNarrow = (dims: readonly Dim[]): boolean =>
    dims.every((dim) => typeof dim === "number" || sizes.has(asMultiple(dim)?.name ?? ""));
  const isKnown = (value: Value): boolean => {
    const { origin, shape } = value;
    if (origin.kind === "input")
      return (origin.timed === true || origin.steady === true) && isNarrow(shape) && areRowsFirst(shape, rows);
    if (origin.kind === "sizes") return isNarrow(origin.dims);
    return origin.kind === "initializer" || makers.has(value);
  };
  for (const node of nodes) {
    const reads = readsOf(node);
    if (!reads.every(isKnown) || !node.outputs.every(({ shape }) => isNarrow(shape))) continue;
    const isTimed = reads.some((value) => timed.has(value) || (value.origin.kind === "input" && value.origin.timed));
    const isConstant = reads.every((value) => value.origin.kind === "initializer" || constant.has(value));
    for (const output of node.outputs) {
      makers.set(output, node);
      if (isTimed) timed.add(output);
      if (isConstant) constant.add(output);
    }
  }
  return { makers, timed, constant };
}

/** Whether rows are what an input has of them along its first axis, or it has none. */
function areRowsFirst([first = 1, ...rest]: readonly Dim[], rows: string): boolean {
  const own = asMultiple(first);
  return (own?.name !== rows || own.factor === 1) && rest.every((dim) => asMultiple(dim)?.name !== rows);
}

function choose({ makers, timed }: Known, readers: Readers, leaving: ReadonlySet<Value>): ReadonlySet<Node> {
  const known = new Set(makers.values());
  const products = [...known].filter(({ op }) => isCounted(op));
  const chosen = new Set(products.filter(({ outputs }) => outputs.some((output) => timed.has(output))));
  // The same weights on something steady go along, or they would stay in memory.
  const weights = new Set([...chosen].flatMap(readsOf).filter(({ origin }) => origin.kind === "initializer"));
  for (const node of products) if (readsOf(node).some((value) => weights.has(value))) chosen.add(node);
  for (const node of [...known].reverse())
    if (chosen.has(node)) for (const value of readsOf(node)) if (makers.has(value)) chosen.add(makers.get(value)!);
  for (const node of known) if (!chosen.has(node) && isTail(node, chosen, makers, readers, leaving)) chosen.add(node);
  return chosen;
}

/** Whether a node makes one value of the only one that it takes from those before it, which nobody else needs. */
function isTail(
  node: Node,
  chosen: ReadonlySet<Node>,
  makers: Known["makers"],
  readers: Readers,
  leaving: ReadonlySet<Value>,
): boolean {
  const made = readsOf(node).filter((value) => makers.has(value));
  const [value] = made;
  if (made.length !== 1 || node.outputs.length !== 1 || leaving.has(value!)) return false;
  const others = readers.get(value!)!.filter((reader) => !chosen.has(reader));
  return chosen.has(makers.get(value!)!) && others.length === 1 && !isMore(node.outputs[0]!, value!);
}

function isMore(a: Value, b: Value): boolean {
  const [more, less] = [a, b].map(({ shape }) => elements(shape));
  return !(more! <= less!);
}

/** Elements of a row; NaN where that is not known. */
function elements(shape: readonly Dim[]): number {
  const [first = 1, ...rest] = shape;
  const own = typeof first === "number" ? first : asMultiple(first)!.factor;
  return rest.reduce<number>((product, dim) => product * (typeof dim === "number" ? dim : Number.NaN), own);
}

/** Whether a value can be told apart by steps: it has rows, or it is always the same. */
function mayCross(value: Value, rows: string, { constant }: Known): boolean {
  const { shape, dtype } = value;
  const [first, ...rest] = shape;
  const isFixed = rest.every((dim) => typeof dim === "number");
  if (dtype !== "float32" || !isFixed || first === undefined) return false;
  return typeof first === "number"
    ? constant.has(value) && elements(shape) <= mostConstant
    : asMultiple(first)?.name === rows;
}
