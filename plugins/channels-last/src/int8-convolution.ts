import type { Dim, Node, Value, Weight, WeightForm } from "@skipstep/core/plugin";
import { filterCodes } from "./filter-codes";
import { placesOf, type Window } from "./window";

/** Fewest channels on both sides for which rounding, gathering and multiplying in int8 pay. */
const leastChannels = 16;

/** Relative L1 error of rounding activations to 8 bits, which is another at each step. */
const activationNoise = 0.007;

/** A convolution whose kernels are chosen once all of the graph is there; no operator of ONNX Runtime. */
const op = "Int8Conv";

/** What such a node reads and makes. */
export interface Int8Convolution {
  readonly window: Window;
  /** `[B, C, H, W]` and `[B, N, H', W']` */
  readonly input: Value;
  readonly output: Value;
  /** int8 `[kh kw C, N]` */
  readonly codes: Value;
  /** `[N]` */
  readonly steps: Value;
  readonly bias: Value | undefined;
}

/** A convolution's weight as int8 with a scale an output channel; activations are rounded as they come. */
export function int8Form(weight: Weight): WeightForm | undefined {
  const [outChannels, inChannels, rows, columns] = weight.shape as [number, number, number, number];
  if (Math.min(outChannels, inChannels) < leastChannels) return undefined;
  const { stride = 1, padding = 0 } = weight.conv ?? {};
  const sides = typeof padding === "number" ? ([padding, padding, padding, padding] as const) : padding;
  const { codes, scales } = filterCodes(weight);
  return {
    form: "int8",
    byteLength: codes.byteLength + scales.byteLength,
    noise: activationNoise,
    emit(g, input, bias) {
      const [batch, , height, width] = input.shape as [Dim, Dim, Dim, Dim];
      const window: Window = { rows, columns, stride, padding: sides };
      const stored = g.initializer(codes, [rows * columns * inChannels, outChannels], "int8");
      const steps = g.initializer(scales, [outChannels]);
      return g.node(op, [input, stored, steps, bias], [batch, outChannels, ...placesOf(window, height, width)], {
        domain: "com.microsoft",
        attributes: { window: { ints: [rows, columns, stride, ...sides] } },
      });
    },
  };
}

export function isInt8Convolution(node: Node): boolean {
  return node.op === op;
}

export function int8ConvolutionOf({ inputs, outputs, attributes }: Node): Int8Convolution {
  const { ints } = attributes.window as { readonly ints: readonly number[] };
  const [rows, columns, stride, ...sides] = ints as [number, number, number, number, number, number, number];
  const [input, codes, steps, bias] = inputs as [Value, Value, Value, Value | undefined];
  return { window: { rows, columns, stride, padding: sides }, input, output: outputs[0]!, codes, steps, bias };
}
