import { createHash } from "node:crypto";
import type { Graph, Payload, Value, Weight, WeightForm } from "@skipstep/core/plugin";
import { derived, emitInt8, emitNBits, type PartSizes } from "@skipstep/lowbit";
import { groupSize } from "../nunchaku/order";
import type { Parts } from "./parts";

/** `w4a16` keeps the residual's 4 bits; `w8a8` gives it 8, and the kernels that are faster for it. */
export type Form = "w4a16" | "w8a8";

/** What is known of a layer before it is read or made. */
export interface LayerOutline {
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
  /** What inputs are divided by, `[columns]`; left out where that is nothing. */
  readonly smooth?: Float32Array;
}

/** Relative error of what the kernels round inputs to: 8 bits a block of 64, and a token. */
const noise: Readonly<Record<Form, number>> = { w4a16: 0.005, w8a8: 0.007 };

/** A linear weight as a residual of few bits and a branch of low rank beside it. @param make its parts in that form; runs when they are written */
export function lowRankForm(
  weight: Weight,
  form: Form,
  outline: LayerOutline,
  method: string,
  make: () => Parts,
): WeightForm {
  const { rows, columns, rank } = outline;
  const blocks = Math.ceil(columns / groupSize);
  const is4 = form === "w4a16";
  const sizes: PartSizes<"codes" | "scales" | "down" | "up"> = {
    codes: is4 ? (rows * blocks * groupSize) / 2 : rows * columns,
    scales: 4 * (is4 ? rows * blocks : rows),
    down: 4 * columns * rank,
    up: 4 * rank * rows,
  };
  const parts = derived(weight, `svdquant:${form}:${method}`, sizes, make);
  const inverse = outline.smooth && inverseOf(outline.smooth);
  const { codes, scales } = parts;
  return {
    form: is4 ? "svdquant-w4a16" : "svdquant-w8a8",
    byteLength: Object.values(sizes).reduce((sum, size) => sum + size, inverse?.byteLength ?? 0),
    noise: noise[form],
    emit(g, input, bias) {
      const smoothed = inverse ? emitSmoothed(g, input, inverse, columns) : input;
      const output = is4
        ? emitNBits(g, smoothed, { bits: 4, rows, columns, block: groupSize, codes, scales }, bias)
        : emitInt8(g, smoothed, { rows, columns, codes, scales }, { threshold: 0 }, bias);
      if (rank === 0) return output;
      const down = g.initializer(parts.down, [columns, rank]);
      const up = g.initializer(parts.up, [rank, rows]);
      return g.add(output, g.matmul(g.matmul(input, down), up));
    },
  };
}

/** `1 / smooth`, the same payload for layers with the same scales; `undefined` where all are 1. */
function inverseOf(smooth: Float32Array): Payload | undefined {
  if (smooth.every((scale) => scale === 1)) return undefined;
  const inverse = smooth.map((scale) => 1 / scale);
  const bytes = new Uint8Array(inverse.buffer);
  const hash = createHash("sha256").update(bytes).digest("hex");
  return { key: `svdquant:inverse:${hash}`, label: "smooth", byteLength: bytes.byteLength, bytes: () => bytes };
}

/** Smoothed inputs by input: q, k and v have one. */
const known = new WeakMap<Value, Map<string, Value>>();

function emitSmoothed(g: Graph, x: Value, inverse: Payload, columns: number): Value {
  // Not across modules: a plugin may cut the graph between them.
  const key = `${g.path}:${inverse.key}`;
  const ofInput = known.get(x) ?? new Map<string, Value>();
  const smoothed = ofInput.get(key) ?? g.mul(x, g.initializer(inverse, [columns]));
  known.set(x, ofInput.set(key, smoothed));
  return smoothed;
}
