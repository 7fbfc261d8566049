import type { OpenWeights, TensorEntry } from "@skipstep/core/plugin";
import { rankTooLarge } from "../errors";
import { storedRank } from "../nunchaku/layer";
import { groupSize, padded } from "../nunchaku/order";
import type { SkipPatterns } from "../patterns";
import { isTarget } from "../targets";
import type { PlannedTensor } from "./safetensors-file";

/** A linear layer to quantize. */
export interface PlannedLayer {
  /** `layers.0.attention.to_q` */
  readonly name: string;
  readonly weight: TensorEntry;
  readonly bias?: TensorEntry;
}

export interface WritePlan {
  readonly layers: readonly PlannedLayer[];
  /** Tensors that are copied. */
  readonly plain: readonly TensorEntry[];
  readonly tensors: readonly PlannedTensor[];
}

/** What safetensors call the types of tensors that are copied. */
const dtypeNames: Readonly<Record<string, string>> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  float8_e4m3fn: "F8_E4M3",
  float8_e5m2: "F8_E5M2",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint64: "U64",
  uint32: "U32",
  uint16: "U16",
  uint8: "U8",
  bool: "BOOL",
};

/**
 * Which layers are quantized, and what the file will hold.
 * @throws SKIPSTEP_PLUGIN_OPTION for a rank that a layer has not
 */
export function planWriting(weights: OpenWeights, skip: SkipPatterns, rank: number): WritePlan {
  const layers: PlannedLayer[] = [];
  const taken = new Set<string>();
  for (const name of weights.names) {
    const weight = weights.entry(name);
    if (!name.endsWith(".weight") || weight.shape.length !== 2 || !isTarget(name) || skip.skips(name)) continue;
    if (rank >= Math.min(...weight.shape)) throw rankTooLarge(rank, name, weight.shape);
    const layer = name.replace(/\.weight$/, "");
    const bias = weights.has(`${layer}.bias`) ? { bias: weights.entry(`${layer}.bias`) } : {};
    layers.push({ name: layer, weight, ...bias });
    taken.add(name).add(`${layer}.bias`);
  }
  const plain = weights.names.filter((name) => !taken.has(name)).map((name) => weights.entry(name));
  const copied = plain.map(({ name, dtype, shape, byteLength }) => ({
    name,
    dtype: dtypeNames[dtype]!,
    shape,
    byteLength,
  }));
  return { layers, plain, tensors: [...layers.flatMap((layer) => tensorsOf(layer, rank)), ...copied] };
}

/** In nunchaku's lite form, https://huggingface.co/docs/diffusers: every layer by its own name. */
function tensorsOf({ name, weight, bias }: PlannedLayer, rank: number): PlannedTensor[] {
  const [rows, columns] = weight.shape.map(padded) as [number, number];
  const depth = storedRank(rank);
  const half = (part: string, ...shape: number[]): PlannedTensor => ({
    name: `${name}.${part}`,
    dtype: "F16",
    shape,
    byteLength: shape.reduce((size, dim) => size * dim, 2),
  });
  return [
    { name: `${name}.qweight`, dtype: "I8", shape: [rows, columns / 2], byteLength: (rows * columns) / 2 },
    half("wscales", columns / groupSize, rows),
    half("smooth_factor", columns),
    half("proj_down", columns, depth),
    half("proj_up", rows, depth),
    ...(bias ? [half("bias", rows)] : []),
  ];
}
