import { extname } from "node:path";
import { openComponentWeights } from "@skipstep/core";
import type { OpenWeights, TensorEntry } from "@skipstep/core/plugin";
import { openGguf } from "../container/gguf-weights";
import { importanceWrong } from "../errors";

/** Mean squares of what goes into weights. */
export interface Importance {
  /** One number a column of the weight; `undefined` where there is none for it. */
  of(entry: TensorEntry): Float32Array | undefined;
  /** Names that it has vectors for. */
  readonly names: readonly string[];
}

/**
 * @param source what they are of, for errors
 * @param vectors by the names of weights
 */
export function importanceOf(source: string, vectors: ReadonlyMap<string, Float32Array>): Importance {
  return {
    names: [...vectors.keys()],
    of({ name, shape }) {
      const vector = vectors.get(name);
      if (!vector || vector.length === shape.at(-1)) return vector;
      throw importanceWrong(source, `"${name}" has ${vector.length} numbers, and the weight rows of ${shape.at(-1)}`);
    },
  };
}

/**
 * Reads importances by the names of weights, from safetensors with a vector each, or from an imatrix of llama.cpp
 * (`<name>.in_sum2` and `<name>.counts`).
 * @throws SKIPSTEP_GGUF_IMPORTANCE, and what opening the file throws
 */
export async function readImportance(file: string): Promise<Importance> {
  const source =
    extname(file).toLowerCase() === ".gguf" ? openGguf({ path: file }) : (await openComponentWeights(file)).weights;
  try {
    const vectors = new Map(source.names.flatMap((name) => vectorOf(file, source, name)));
    if (vectors.size === 0) throw importanceWrong(file, "it holds no vectors");
    return importanceOf(file, vectors);
  } finally {
    source.close();
  }
}

function vectorOf(file: string, source: OpenWeights, name: string): [string, Float32Array][] {
  if (name.endsWith(".counts")) return [];
  const sums = name.endsWith(".in_sum2");
  const base = sums ? name.slice(0, -".in_sum2".length) : name;
  const values = source.readFloat32(name);
  const [count = 1] = sums && source.has(`${base}.counts`) ? source.readFloat32(`${base}.counts`) : [];
  if (!values.every((x) => x >= 0 && Number.isFinite(x)))
    throw importanceWrong(file, `"${name}" has numbers that are negative or not finite`);
  // Where nothing has any importance, nothing can be weighed.
  return values.some((x) => x > 0) ? [[base, count > 1 ? values.map((x) => x / count) : values]] : [];
}
