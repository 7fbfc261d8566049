import type { Float32Part } from "../architecture/float32-part";
import { numbersPayload } from "../graph/payload";
import type { Node, Value } from "../graph/value";
import { onnxType } from "../onnx/onnx-types";
import type { HalfType } from "../tensor";
import { halfNodes } from "./half-nodes";
import { type HalfWeights, isStoredHalf } from "./half-weights";
import type { HalfOperators } from "./providers/profile";
import { type InitializerValue, isInitializer } from "./weights-layout";

/** In what a component's engine is stored, and computes where its providers do. */
export interface Precision {
  readonly dtype: HalfType;
  /** What computes in float32 everywhere. */
  readonly float32: readonly Float32Part[];
  /** What a segment's provider computes in it; nothing where it only stores weights so. */
  operatorsOf(segment: number): HalfOperators | undefined;
}

/**
 * One segment with its weights in 16 bits, and what its provider computes so. What enters and leaves it is float32: ONNX
 * Runtime's binding does not take 16-bit inputs on every Node, and plugins compute with what passes between segments.
 *
 * Where a node computes in float32, a cast stands in front of each weight that it reads; all of these stand before all
 * other nodes, which has ONNX Runtime run each just before its reader: one weight is float32 at a time.
 */
export function lowerPrecision(
  nodes: readonly Node[],
  outputs: readonly Value[],
  { float32, dtype }: Precision,
  operators: HalfOperators | undefined,
  weights: HalfWeights,
): Node[] {
  const half = operators ? halfNodes(nodes, operators, float32) : new Set<Node>();
  const wide = readWide(nodes, half, outputs);
  const loads: Node[] = [];
  const lowered: Node[] = [];
  /** What was computed or cast so far, in 16 bits. */
  const halves = new Map<Value, Value>();

  const narrow = (value: Value, node: Node, input: number): Value => {
    if (value.dtype !== "float32" || isScale(node, input)) return value;
    if (isInitializer(value)) return weights.of(value);
    const bounded = isBias(node, input);
    const known = bounded ? undefined : halves.get(value);
    if (known) return known;
    const name = `${value.name}/${bounded ? `${node.outputs[0]!.name}/` : ""}${dtype}`;
    const made: Value = { ...value, dtype, name, origin: { kind: "node" } };
    if (bounded) {
      const clipped: Value = { ...value, name: `${name}/bounded`, origin: { kind: "node" } };
      lowered.push(bound(value, clipped, node), cast(clipped, made, node));
    } else {
      lowered.push(cast(value, made, node));
      halves.set(value, made);
    }
    return made;
  };

  for (const node of nodes) {
    const [table] = node.inputs;
    if (half.has(node)) {
      const inputs = node.inputs.map((input, i) => input && narrow(input, node, i));
      const made = node.outputs.map((output): Value => ({ ...output, dtype, name: `${output.name}/${dtype}` }));
      lowered.push({ ...node, inputs, outputs: made });
      for (const [i, output] of node.outputs.entries()) {
        halves.set(output, made[i]!);
        if (wide.has(output)) lowered.push(cast(made[i]!, output, node));
      }
    } else if (node.op === "Gather" && isStoredHalf(table)) {
      // Rows of a table: only those are cast that are asked for.
      const [output] = node.outputs as [Value];
      const rows: Value = { ...output, dtype, name: `${output.name}/${dtype}` };
      lowered.push({ ...node, inputs: [weights.of(table), ...node.inputs.slice(1)], outputs: [rows] });
      lowered.push(cast(rows, output, node));
    } else lowered.push(withLoads(node, loads, weights));
  }
  return [...loads, ...lowered];
}

/** Values that must be there in float32. */
function readWide(nodes: readonly Node[], half: ReadonlySet<Node>, outputs: readonly Value[]): ReadonlySet<Value> {
  const wide = new Set(outputs);
  for (const node of nodes) {
    const { inputs, body } = node;
    if (!half.has(node)) for (const input of inputs) if (input) wide.add(input);
    if (half.has(node)) for (const [i, input] of inputs.entries()) if (input && isBias(node, i)) wide.add(input);
    if (body) for (const value of readsInside(body.nodes)) wide.add(value);
  }
  return wide;
}

function readsInside(nodes: readonly Node[]): Value[] {
  return nodes.flatMap(({ inputs, body }) => [
    ...inputs.filter((input) => input !== undefined),
    ...(body ? readsInside(body.nodes) : []),
  ]);
}

/** A node that computes in float32, with a cast in front of every weight that it, or its body, reads. */
function withLoads(node: Node, loads: Node[], weights: HalfWeights): Node {
  const loaded = new Map<Value, Value>();
  const load = (value: InitializerValue): Value => {
    const known = loaded.get(value);
    if (known) return known;
    const name = `${node.outputs[0]!.name}/weight:${loaded.size}`;
    const made: Value = { name, dtype: "float32", shape: value.shape, origin: { kind: "node" } };
    loads.push(cast(weights.of(value), made, node));
    loaded.set(value, made);
    return made;
  };
  const replaced = (given: Node): Node => ({
    ...given,
    inputs: given.inputs.map((input) => (isStoredHalf(input) ? load(input) : input)),
    ...(given.body ? { body: { ...given.body, nodes: given.body.nodes.map(replaced) } } : {}),
  });
  return replaced(node);
}

function cast(from: Value, to: Value, { scope }: Node): Node {
  const attributes = { to: { int: onnxType[to.dtype] } };
  return { op: "Cast", domain: "", inputs: [from], outputs: [to], attributes, scope };
}

/** Resize's factors are float32 in every type. */
function isScale({ op }: Node, input: number): boolean {
  return op === "Resize" && input > 0;
}

/** What is added to an attention's scores: where a key may not be seen it is far below float16's range. */
function isBias({ op }: Node, input: number): boolean {
  return op === "MultiHeadAttention" && input === 5;
}

/** Near the least float16: a row in which no key may be seen stays a row of numbers. */
const lowest = -60_000;

function bound(from: Value, to: Value, { scope }: Node): Node {
  return { op: "Max", domain: "", inputs: [from, lowestValue], outputs: [to], attributes: {}, scope };
}

const lowestValue: InitializerValue = {
  name: "lowest-score",
  dtype: "float32",
  shape: [],
  origin: { kind: "initializer", payload: numbersPayload([lowest], "float32") },
};
