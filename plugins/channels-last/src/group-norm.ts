import { type Dim, equalDims, type Graph, type Node, times, type Value } from "@skipstep/core/plugin";
import type { Model, Rule } from "./rule";

/** A group normalization as core emits it: each group is a row of a LayerNormalization, then weight and bias. */
interface GroupNorm {
  readonly input: Value;
  readonly groups: number;
  readonly eps: number;
  /** `[C]` each. */
  readonly weight: Value;
  readonly bias: Value;
  readonly output: Value;
  /** All nodes that it takes but the first. */
  readonly rest: readonly Node[];
}

/**
 * Group normalization of `[B, ..., C]`, https://arxiv.org/abs/1803.08494, as `a x + b`: means of x and x² over the
 * picture, a channel each, then over the channels of a group. Nearly twice as fast as rows of a LayerNormalization
 * over `[B, C, ...]`. ONNX Runtime has no such op on the CPU.
 */
export function groupNorm(): Rule {
  const done = new Set<Node>();
  return (node, pictures, model) => {
    if (done.has(node)) return true;
    const found = matchGroupNorm(node, model);
    if (!found || !pictures.isLast(found.input)) return false;
    for (const other of found.rest) done.add(other);
    const last = pictures.lastOf(found.input);
    pictures.setLast(
      found.output,
      pictures.emit(node.scope, (g) => emit(g, last, found)),
    );
    return true;
  };
}

function emit(g: Graph, x: Value, { groups, eps, weight, bias }: GroupNorm): Value {
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1) as number];
  const area = x.shape.slice(1, -1).reduce<Dim>(times, 1);
  const perGroup = [batch, groups, channels / groups];
  const mean = (value: Value): Value => {
    const perChannel = reduceMean(g, g.reshape(value, [batch, area, channels]), 1);
    return reduceMean(g, g.reshape(perChannel, perGroup), 2); // [B, G, 1]
  };
  const average = mean(x);
  const variance = g.relu(g.sub(mean(g.mul(x, x)), g.mul(average, average))); // rounding may take 0 below 0
  const deviation = g.sqrt(g.add(variance, g.constant(eps)));
  const grouped = (perChannel: Value): Value => g.reshape(perChannel, [1, groups, channels / groups]);
  const factor = g.div(grouped(weight), deviation); // [B, G, C / G]
  const shift = g.sub(grouped(bias), g.mul(average, factor));
  const perPicture = (value: Value): Value => g.reshape(value, [batch, ...x.shape.slice(1, -1).map(() => 1), channels]);
  return g.add(g.mul(x, perPicture(factor)), perPicture(shift));
}

function reduceMean(g: Graph, x: Value, axis: number): Value {
  const shape = x.shape.map((dim, i) => (i === axis ? 1 : dim));
  return g.node("ReduceMean", [x, g.constant([axis], undefined, "int64")], shape);
}

/** @param rows the Reshape to `[B, G, ...]` that it may begin with */
function matchGroupNorm(rows: Node, model: Model): GroupNorm | undefined {
  const [input] = rows.inputs;
  if (rows.op !== "Reshape" || !input || input.shape.length < 3 || rows.outputs[0]!.shape.length !== 3)
    return undefined;
  const normal = next(rows, "LayerNormalization", model);
  if (normal?.inputs[1]?.shape.join() !== "1" || normal.inputs[2]) return undefined;
  const back = next(normal, "Reshape", model);
  if (!back || !isSameShape(back.outputs[0]!, input)) return undefined;
  const scaled = next(back, "Mul", model);
  const shifted = scaled && next(scaled, "Add", model);
  if (!shifted) return undefined;
  const weight = perChannel(scaled, back, model);
  const bias = perChannel(shifted, scaled, model);
  const epsilon = normal.attributes.epsilon;
  if (!weight || !bias || !epsilon || !("float" in epsilon)) return undefined;
  return {
    input,
    groups: rows.outputs[0]!.shape[1] as number,
    eps: epsilon.float,
    weight: weight.value,
    bias: bias.value,
    output: shifted.outputs[0]!,
    rest: [normal, back, weight.node, scaled, bias.node, shifted],
  };
}

function isSameShape({ shape: a }: Value, { shape: b }: Value): boolean {
  return a.length === b.length && a.every((dim, axis) => equalDims(dim, b[axis]!));
}

/** The one node that reads what a node makes, if it is of this kind. */
function next(node: Node, op: string, model: Model): Node | undefined {
  const reader = model.onlyReader(node.outputs[0]!);
  return reader?.op === op ? reader : undefined;
}

/** The other operand of an op: `[C]`, reshaped to `[C, 1, 1]`. */
function perChannel(node: Node, before: Node, model: Model): { node: Node; value: Value } | undefined {
  const reshaped = node.inputs.find((input) => input !== before.outputs[0]);
  const maker = reshaped && model.makerOf(reshaped);
  const value = maker?.op === "Reshape" ? maker.inputs[0] : undefined;
  if (value?.origin.kind !== "initializer" || value.shape.length !== 1) return undefined;
  return model.onlyReader(reshaped!) === node ? { node: maker!, value } : undefined;
}
