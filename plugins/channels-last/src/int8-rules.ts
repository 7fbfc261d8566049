import { type Dim, equalDims, type Graph, type Node, over, times, type Value } from "@skipstep/core/plugin";
import { asBands, type Bands, bandsOf, isTall, shaped } from "./bands";
import { type Int8Convolution, int8ConvolutionOf, isInt8Convolution } from "./int8-convolution";
import type { Pictures } from "./pictures";
import type { Rounded, Roundings } from "./roundings";
import { isSameShape, type Model, type Rule } from "./rule";
import { isPointwise, padded, patches, placesOf, steps, type Window, windowPixels } from "./window";

/** Convolutions in int8, the enlargement before and the sum behind them. */
export function int8Rules(roundings: Roundings): readonly Rule[] {
  const { awaited, enlarged } = roundings;

  const enlargement: Rule = (node, pictures, model) => {
    const [input] = node.inputs;
    const [output] = node.outputs;
    const reader = output && model.onlyReader(output);
    if (node.op !== "Resize" || !input || !reader || !pictures.isLast(input)) return false;
    if (!isTall(output.shape[2]!) || !isDoubled(input, output)) return false;
    if (!readsEnlarged(reader) || reader.scope !== node.scope) return false;
    enlarged.set(output, input);
    return true;
  };

  const convolution: Rule = (node, pictures, model) => {
    if (!isInt8Convolution(node)) return false;
    const { window, output } = int8ConvolutionOf(node);
    if (isTall(output.shape[2]!) && !isPointwise(window) && sumBehind(node, model)) awaited.set(output, node);
    else emitConvolution(node, roundings, pictures);
    return true;
  };

  const sum: Rule = (node, pictures) => {
    const convolved = node.inputs.find((input) => input && awaited.has(input));
    if (!convolved) return false;
    const other = node.inputs.find((input) => input !== convolved)!;
    emitConvolution(awaited.get(convolved)!, roundings, pictures, { other, output: node.outputs[0]! });
    return true;
  };

  return [enlargement, convolution, sum];
}

/** What is added to a convolution's result. */
interface Sum {
  readonly other: Value;
  readonly output: Value;
}

/** The sum with another picture that alone reads a convolution's result. */
function sumBehind(node: Node, model: Model): boolean {
  const [output] = node.outputs as [Value];
  const reader = model.onlyReader(output);
  if (reader?.op !== "Add" || reader.scope !== node.scope) return false;
  const other = reader.inputs.find((input) => input !== output);
  return other !== undefined && isSameShape(other, output);
}

function isDoubled({ shape: from }: Value, { shape: to }: Value): boolean {
  return from.length === 4 && [2, 3].every((axis) => equalDims(times(from[axis]!, 2), to[axis]!));
}

/** A window of 3 x 3 with a pixel around it, one pixel further at each place. */
function readsEnlarged(node: Node): boolean {
  if (!isInt8Convolution(node)) return false;
  const { rows, columns, stride, padding } = int8ConvolutionOf(node).window;
  return rows === 3 && columns === 3 && stride === 1 && padding.every((side) => side === 1);
}

function emitConvolution(node: Node, { rounded, enlarged }: Roundings, pictures: Pictures, sum?: Sum): void {
  const convolution = int8ConvolutionOf(node);
  const { input, output } = convolution;
  const known = rounded.get(input);
  const source = enlarged.get(input);
  const last = known ? undefined : pictures.lastOf(source ?? input);
  const added = sum && pictures.lastOf(sum.other);
  pictures.setLast(
    sum?.output ?? output,
    pictures.emit(node.scope, (g) => {
      const x = known ?? roundAll(g, last!);
      return isTall(output.shape[2]!)
        ? inBands(g, x, convolution, source !== undefined, added)
        : multiplied(g, patches(g, x.codes, x.zero, convolution.window), x, convolution);
    }),
  );
}

/** Codes of all elements, with one scale. */
function roundAll(g: Graph, x: Value): Rounded {
  const dtype = ["uint8", "float32", "uint8"] as const;
  const [codes, scale, zero] = g.emit("DynamicQuantizeLinear", [x], [x.shape, [], []], { dtype });
  return { codes: codes!, scale: scale!, zero: zero! };
}

/** @param x uint8 `[..., kh kw C]` @returns `[..., N]` */
function multiplied(g: Graph, x: Value, { scale, zero }: Rounded, { codes, steps, bias }: Int8Convolution): Value {
  const shape: Dim[] = [...x.shape.slice(0, -1), steps.shape[0]!];
  return g.node("MatMulIntegerToFloat", [x, codes, scale, steps, zero, undefined, bias], shape, {
    domain: "com.microsoft",
    dtype: "float32",
  });
}

/**
 * What lies under the window is gathered and multiplied band by band: in the processor's cache, where a whole picture's
 * patches are nine times its size. @returns `[B, H', W', N]`
 */
function inBands(
  g: Graph,
  x: Rounded,
  convolution: Int8Convolution,
  isEnlarged: boolean,
  added: Value | undefined,
): Value {
  const { window, steps: ofFilters } = convolution;
  const [batch, height, width, channels] = x.codes.shape as [Dim, Dim, Dim, number];
  const factor = isEnlarged ? 2 : 1;
  const filters = ofFilters.shape[0] as number;
  const area = [batch, ...placesOf(window, times(height, factor), times(width, factor))] as const;
  const bands = bandsOf(area, Math.max(channels, filters), factor);
  const pixels = isPointwise(window)
    ? { turns: asBands(g, x.codes, bands), patches: (_: Graph, band: Value) => band }
    : windowed(g, x, window, bands, area, isEnlarged);
  const [made] = g.scan([pixels.turns, ...(added ? [asBands(g, added, bands)] : [])], (inner, [turn, before]) => {
    const product = multiplied(inner, pixels.patches(inner, turn!), x, convolution);
    return [before ? inner.add(product, before) : product];
  });
  return shaped(g, made!, [...area, filters]);
}

/** What a band is multiplied with its filters from. */
interface BandPixels {
  /** One for each band. */
  readonly turns: Value;
  /** @returns uint8 `[m, kh kw C]` */
  readonly patches: (inner: Graph, turn: Value) => Value;
}

function windowed(
  g: Graph,
  x: Rounded,
  window: Window,
  bands: Bands,
  [batch, , width]: readonly [Dim, Dim, Dim],
  isEnlarged: boolean,
): BandPixels {
  const around = padded(g, x.codes, x.zero, window.padding);
  const [, fullHeight, fullWidth, channels] = around.shape as [Dim, Dim, Dim, number];
  const area = times(fullHeight, fullWidth);
  const pixels = shaped(g, around, [times(batch, area), channels]);
  const under = windowPixels(g, window, [bands.rows, width], fullWidth, isEnlarged);
  const rowsOn = isEnlarged ? over(bands.rows, 2) : times(bands.rows, window.stride);
  const starts = g.add(
    g.reshape(steps(g, batch, area), [batch, 1]),
    g.reshape(steps(g, bands.each, times(rowsOn, fullWidth)), [1, bands.each]),
  );
  return {
    turns: g.reshape(starts, [bands.count]),
    patches: (inner, start) =>
      inner.reshape(inner.gather(pixels, inner.add(under, start), 0), [
        bands.pixels,
        window.rows * window.columns * channels,
      ]),
  };
}
