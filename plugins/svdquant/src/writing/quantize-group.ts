import { setImmediate } from "node:timers/promises";
import type { OpenWeights } from "@skipstep/core/plugin";
import type { Matrix } from "@skipstep/lowbit";
import { someRows } from "../algorithm/matrix-columns";
import { outputSize } from "../algorithm/output-error";
import { type QuantizedLinear, quantizeLinear, smoothedHessian } from "../algorithm/quantize-linear";
import { searchSmoothing } from "../algorithm/search-smoothing";
import { type Spans, type Strength, smoothingScales, weightSpans } from "../algorithm/smoothing";
import { groupSize } from "../nunchaku/order";
import type { LayerGroup } from "./groups";
import type { SvdQuantWriteOptions } from "./options";
import type { PlannedLayer } from "./plan";

/** Tokens that tell whether a branch is better than another. */
const enoughTokens = 128;

export interface MadeLayer {
  readonly layer: PlannedLayer;
  readonly made: QuantizedLinear;
  readonly strength: Strength;
  /** Error of its outputs over their size, where there was a calibration. */
  readonly error?: number;
}

/** Quantizes linears that share an input, one after the other. Gives way to the event loop in between. */
export async function* quantizeGroup(
  { layers, input }: LayerGroup,
  weights: OpenWeights,
  options: SvdQuantWriteOptions,
  signal: AbortSignal,
): AsyncGenerator<MadeLayer> {
  const matrices = layers.map(({ weight }) => matrixOf(weights, weight.name));
  const all = input && { values: input.rows, rows: input.rows.length / input.columns, columns: input.columns };
  const inputs = all && someRows(all, enoughTokens);
  const spans = { inputs: input?.largest ?? new Float32Array(0), weights: weightSpans(matrices) };
  const strength = inputs ? await strengthOf(matrices, inputs, spans, options, signal) : { alpha: 0, beta: 0 };
  const smooth = inputs ? smoothingScales(spans, strength) : new Float32Array(matrices[0]!.columns).fill(1);
  const hessian = options.gptq && all ? smoothedHessian(all, smooth) : undefined;
  for (const [i, layer] of layers.entries()) {
    signal.throwIfAborted();
    const linear = { ...options, activationBits: options.activation_bits, group: groupSize };
    const made = quantizeLinear(matrices[i]!, smooth, inputs, linear, hessian);
    const size = inputs && outputSize(inputs, matrices[i]!);
    yield { layer, made, strength, ...(size ? { error: Math.sqrt(made.error / size) } : {}) };
    await setImmediate();
  }
}

async function strengthOf(
  matrices: readonly Matrix[],
  inputs: Matrix,
  spans: Spans,
  { alpha, rank, grid, activation_bits }: SvdQuantWriteOptions,
  signal: AbortSignal,
): Promise<Strength> {
  if (alpha !== null) return { alpha, beta: 1 - alpha };
  const search = { rank, grid, activationBits: activation_bits, group: groupSize };
  return searchSmoothing(matrices, inputs, spans, search, async () => {
    await setImmediate();
    signal.throwIfAborted();
  });
}

function matrixOf(weights: OpenWeights, name: string): Matrix {
  const [rows, columns] = weights.entry(name).shape as [number, number];
  return { values: weights.readFloat32(name), rows, columns };
}
