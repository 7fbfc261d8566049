import { type Dim, type Graph, type Node, type Operators, times, type Value } from "@skipstep/core/plugin";
import { areaOf, asBands, type Bands, bandsOf, isTall } from "./bands";
import { isInt8Convolution } from "./int8-convolution";
import { type Normal, normalized, normalizedCodes } from "./normalized";
import type { Roundings } from "./roundings";
import { isSameShape, type Model, type Rule } from "./rule";

/** A group normalization as core emits it: each group is a row of a LayerNormalization, then weight and bias. */
interface GroupNorm {
  readonly input: Value;
  readonly groups: number;
  readonly eps: number;
  /** `[C]` each. */
  readonly weight: Value;
  readonly bias: Value;
  readonly output: Value;
  /** With a SiLU behind it. */
  readonly isActivated: boolean;
  /** All nodes that it takes but the first. */
  readonly rest: readonly Node[];
}

/**
 * Group normalization of `[B, ..., C]`, https://arxiv.org/abs/1803.08494, as `a x + b`, with the SiLU behind it: means of
 * x and x² over the picture, a channel each, then over the channels of a group. ONNX Runtime has no such op on the CPU.
 * Where a convolution in int8 alone reads it, a large picture is rounded at once.
 */
export function groupNorm({ rounded }: Roundings): Rule {
  const done = new Set<Node>();
  return (node, pictures, model) => {
    if (done.has(node)) return true;
    const found = matchGroupNorm(node, model);
    if (!found || !pictures.isLast(found.input)) return false;
    for (const other of found.rest) done.add(other);
    const last = pictures.lastOf(found.input);
    const reader = model.onlyReader(found.output);
    const isRounded = found.isActivated && reader && isInt8Convolution(reader) && reader.scope === node.scope;
    const made = pictures.emit(node.scope, (g) => {
      const normal = normalOf(g, last, found);
      return isRounded && normal.bands
        ? normalizedCodes(g, normal, normal.bands)
        : normalized(g, normal, found.isActivated);
    });
    if ("codes" in made) rounded.set(found.output, made);
    else pictures.setLast(found.output, made);
    return true;
  };
}

function normalOf(g: Graph, x: Value, { groups, eps, weight, bias }: GroupNorm): Normal {
  const channels = x.shape.at(-1) as number;
  const bands = x.shape.length === 4 && isTall(x.shape[1]!) ? bandsOf(areaOf(x), channels) : undefined;
  const [average, squares] = moments(g, x, bands).map((mean) =>
    reduceMean(g, g.reshape(mean, [x.shape[0]!, groups, channels / groups]), 2),
  ) as [Value, Value]; // [B, G, 1]
  const variance = g.relu(g.sub(squares, g.mul(average, average))); // rounding may take 0 below 0
  const deviation = g.sqrt(g.add(variance, g.constant(eps)));
  const grouped = (perChannel: Value): Value => g.reshape(perChannel, [1, groups, channels / groups]);
  const factor = g.div(grouped(weight), deviation); // [B, G, C / G]
  const shift = g.sub(grouped(bias), g.mul(average, factor));
  const perPicture = (value: Value): Value => g.reshape(value, [x.shape[0]!, 1, channels]);
  return { x, bands, factor: perPicture(factor), shift: perPicture(shift) };
}

/** Means of x and of x² over the picture. @returns `[B, 1, C]` each */
function moments(g: Graph, x: Value, bands: Bands | undefined): Value[] {
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  if (!bands)
    return [x, g.mul(x, x)].map((value) => reduceMean(g, g.reshape(value, [batch, pixelsOf(x), channels]), 1));
  const ones = g.expand(g.constant([1], [1, 1]), [1, bands.pixels]);
  const weights = g.div(ones, g.cast(g.sizes([bands.pixels]), "float32"));
  const means = g.scan([asBands(g, x, bands)], (inner, [band]) => [
    inner.matmul(weights, band!),
    inner.matmul(weights, inner.mul(band!, band!)),
  ]);
  return means.map((mean, i) =>
    g.orPortable(reduceMean(g, g.reshape(mean, [batch, bands.each, channels]), 1), {
      lacking: ["Scan"],
      reads: [x],
      emit: (whole) => meanOfRows(whole, i === 0 ? x : whole.mul(x, x)),
    }),
  );
}

/**
 * Of each row, then of all rows: a sum over all pixels, one after the other, loses digits.
 * @param x `[B, H, W, C]` @returns `[B, 1, C]`
 */
function meanOfRows(g: Operators, x: Value): Value {
  return g.reshape(reduceMean(g, reduceMean(g, x, 2), 1), [x.shape[0]!, 1, x.shape[3]!]);
}

function pixelsOf({ shape }: Value): Dim {
  return shape.slice(1, -1).reduce<Dim>(times, 1);
}

function reduceMean(g: Operators, x: Value, axis: number): Value {
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
  const activation = next(shifted, "QuickGelu", model);
  const isActivated = activation !== undefined && isSilu(activation);
  return {
    input,
    groups: rows.outputs[0]!.shape[1] as number,
    eps: epsilon.float,
    weight: weight.value,
    bias: bias.value,
    output: (isActivated ? activation : shifted).outputs[0]!,
    isActivated,
    rest: [normal, back, weight.node, scaled, bias.node, shifted, ...(isActivated ? [activation] : [])],
  };
}

function isSilu({ attributes: { alpha } }: Node): boolean {
  return alpha !== undefined && "float" in alpha && alpha.float === 1;
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
