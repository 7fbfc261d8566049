import type { OpenWeights } from "@skipstep/core/plugin";
import { layoutBroken, precisionUnread } from "../errors";
import { groupSize, tileSize } from "./order";

/** A layer as it lies in a file: names of its tensors. */
export interface StoredLayer {
  /** `transformer_blocks.0.qkv_proj` */
  readonly name: string;
  readonly kind: "svdquant" | "awq";
  /** Filled up, as it is stored. */
  readonly rows: number;
  readonly columns: number;
  /** Of the low-rank branch; 0 for a W4A16 layer. */
  readonly rank: number;
  readonly tensors: Readonly<Record<Part, string>>;
  readonly bias?: string;
}

/** `zeros` belongs to W4A16 layers, `smooth`, `down` and `up` to the others. */
type Part = "codes" | "scales" | "zeros" | "smooth" | "down" | "up";

/** Ends of names, in nunchaku's files and in the lite form. */
const ends: Readonly<Record<Part, readonly string[]>> = {
  codes: ["qweight"],
  scales: ["wscales"],
  zeros: ["wzeros"],
  smooth: ["smooth", "smooth_factor"],
  down: ["lora_down", "proj_down"],
  up: ["lora_up", "proj_up"],
};

/** Tensors of layers that nothing is computed from. */
const unused = /\.(smooth_orig|smooth_factor_orig|wtscale|wcscales)$/;

/** Every quantized layer of a file. @throws SKIPSTEP_SVDQUANT_LAYOUT, SKIPSTEP_SVDQUANT_PRECISION */
export function findLayers(source: OpenWeights, path: string): StoredLayer[] {
  return source.names
    .filter((name) => name.endsWith(".qweight"))
    .map((name) => layerOf(source, path, name.slice(0, -".qweight".length)));
}

/** Tensors that belong to no quantized layer. */
export function plainTensors(source: OpenWeights, layers: readonly StoredLayer[]): string[] {
  const taken = new Set(layers.flatMap(({ tensors, bias }) => [...Object.values(tensors), bias]));
  return source.names.filter((name) => !taken.has(name) && !unused.test(name));
}

function layerOf(source: OpenWeights, path: string, name: string): StoredLayer {
  const broken = (problem: string): Error => layoutBroken(path, name, problem);
  const { dtype, shape } = source.entry(`${name}.qweight`);
  const isAwq = dtype === "int32";
  if (!isAwq && dtype !== "int8" && dtype !== "uint8")
    throw broken(`has codes of type ${dtype}, where int8 or int32 is expected`);
  if (shape.length !== 2) throw broken(`has codes of shape [${shape.join(", ")}], where two axes are expected`);
  const [height, width] = shape as [number, number];
  const [rows, columns] = isAwq ? [4 * height, 2 * width] : [height, 2 * width];
  const wanted: readonly Part[] = isAwq ? ["codes", "scales", "zeros"] : ["codes", "scales", "smooth", "down", "up"];
  const tensors = Object.fromEntries(
    wanted.map((part) => {
      const candidates = ends[part].map((end) => `${name}.${end}`);
      const found = candidates.find((tensor) => source.has(tensor));
      if (found === undefined) throw broken(`has no "${candidates[0]}"`);
      return [part, found];
    }),
  ) as Record<Part, string>;
  const scales = source.entry(tensors.scales);
  if (scales.dtype.startsWith("float8")) throw precisionUnread(path, name, "nvfp4");
  for (const end of ["wtscale", "wcscales"]) {
    const more = `${name}.${end}`;
    if (source.has(more) && source.readFloat32(more).some((scale) => scale !== 1))
      throw broken(`is int4 and has "${more}", scales that nvfp4 has`);
  }
  const expect = (part: Part, expected: readonly number[]): void => {
    const found = source.entry(tensors[part]).shape;
    if (found.join() === expected.join()) return;
    const hint = part === "scales" && found.length === 2 ? `, groups of ${columns / found[0]!} instead of 64` : "";
    throw broken(`has "${tensors[part]}" of shape [${found.join(", ")}], expected [${expected.join(", ")}]${hint}`);
  };
  const bias = source.has(`${name}.bias`) ? { bias: `${name}.bias` } : {};
  const tile = isAwq ? groupSize : tileSize;
  if (columns % tile !== 0 || (!isAwq && rows % tileSize !== 0))
    throw broken(`has codes for [${rows}, ${columns}], which are no multiples of ${tile}`);
  expect("scales", [columns / groupSize, rows]);
  if (isAwq) {
    expect("zeros", [columns / groupSize, rows]);
    return { name, kind: "awq", rows, columns, rank: 0, tensors, ...bias };
  }
  const rank = source.entry(tensors.down).shape[1] ?? 0;
  if (rank % 16 !== 0) throw broken(`has a branch of rank ${rank}, which is no multiple of 16`);
  expect("smooth", [columns]);
  expect("down", [columns, rank]);
  expect("up", [rows, rank]);
  return { name, kind: "svdquant", rows, columns, rank, tensors, ...bias };
}
