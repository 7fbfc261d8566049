import type { Dim, Graph, Value, Weight, WeightForm } from "@skipstep/core/plugin";
import { filterCodes } from "./filter-codes";
import { patches, type Window } from "./patches";

/** Fewest channels on both sides for which rounding, gathering and multiplying in int8 pay. */
const leastChannels = 16;

/** Relative L1 error of rounding activations to 8 bits, which is another at each step. */
const activationNoise = 0.007;

/** A convolution's weight as int8 with a scale an output channel; activations are rounded as they come. */
export function int8Convolution(weight: Weight): WeightForm | undefined {
  const [outChannels, inChannels, rows, columns] = weight.shape as [number, number, number, number];
  if (Math.min(outChannels, inChannels) < leastChannels) return undefined;
  const { stride = 1, padding = 0 } = weight.conv ?? {};
  const sides = typeof padding === "number" ? ([padding, padding, padding, padding] as const) : padding;
  const window: Window = { rows, columns, stride, padding: sides };
  const { codes, scales } = filterCodes(weight);
  return {
    form: "int8",
    byteLength: codes.byteLength + scales.byteLength,
    noise: activationNoise,
    emit(g, input, bias) {
      const x = g.transpose(input, [0, 2, 3, 1]); // [B, H, W, C]
      const stored = g.initializer(codes, [rows * columns * inChannels, outChannels], "int8");
      const steps = g.initializer(scales, [outChannels]);
      const y = isPointwise(window)
        ? pointwise(g, x, stored, steps, bias)
        : convolve(g, x, window, stored, steps, bias);
      return g.transpose(y, [0, 3, 1, 2]);
    },
  };
}

function isPointwise({ rows, columns, stride, padding }: Window): boolean {
  return rows === 1 && columns === 1 && stride === 1 && padding.every((side) => side === 0);
}

/** @param x `[B, H, W, C]` @param codes int8 `[C, N]` @param steps `[N]` @returns `[B, H, W, N]` */
function pointwise(g: Graph, x: Value, codes: Value, steps: Value, bias: Value | undefined): Value {
  const shape = [...x.shape.slice(0, -1), steps.shape[0]!];
  return g.node("DynamicQuantizeMatMul", [x, codes, steps, undefined, bias], shape, { domain: "com.microsoft" });
}

/** @param x `[B, H, W, C]` @param codes int8 `[kh kw C, N]` @param steps `[N]` @returns `[B, H', W', N]` */
function convolve(g: Graph, x: Value, window: Window, codes: Value, steps: Value, bias: Value | undefined): Value {
  const { rounded, scale, zero } = roundAll(g, x);
  const gathered = patches(g, rounded, zero, window); // [B, H', W', kh kw C]
  const shape: Dim[] = [...gathered.shape.slice(0, -1), steps.shape[0]!];
  return g.node("MatMulIntegerToFloat", [gathered, codes, scale, steps, zero, undefined, bias], shape, {
    domain: "com.microsoft",
    dtype: "float32",
  });
}

/** uint8 codes of all elements, with one scale and the code of 0. */
function roundAll(g: Graph, x: Value): { rounded: Value; scale: Value; zero: Value } {
  const dtype = ["uint8", "float32", "uint8"] as const;
  const made = g.emit("DynamicQuantizeLinear", [x], [x.shape, [], []], { dtype });
  const [rounded, scale, zero] = made as [Value, Value, Value];
  return { rounded, scale, zero };
}
