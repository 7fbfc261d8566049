export type FloatType = "float32" | "float16";

/** Elements that are drawn once and written again and again. */
const poolLength = 2 ** 20;

/**
 * Random weights fast enough for gigabytes: one pool of numbers, scaled to each tensor and written from another place
 * on. Matrices and kernels are uniform with variance 1 / fan-in, norms are near 1, biases near 0: activations stay
 * finite through any depth.
 */
export class RandomTensors {
  private readonly uniform = new Float32Array(poolLength);
  /** The pool by how it was scaled. */
  private readonly pools = new Map<string, Uint8Array>();
  private tensors = 0;

  constructor(private readonly dtype: FloatType) {
    let state = 1;
    for (let i = 0; i < poolLength; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
      this.uniform[i] = state / 2 ** 31 - 1;
    }
  }

  /** A tensor's bytes, piece by piece. */
  *pieces(name: string, shape: readonly number[]): Generator<Uint8Array> {
    const pool = this.poolFor(name, shape);
    const size = this.dtype === "float16" ? 2 : 4;
    let left = shape.reduce((count, dim) => count * dim, size);
    let from = ((this.tensors++ * 7919) % poolLength) * size;
    while (left > 0) {
      const piece = pool.subarray(from, Math.min(pool.byteLength, from + left));
      yield piece;
      left -= piece.byteLength;
      from = 0;
    }
  }

  private poolFor(name: string, shape: readonly number[]): Uint8Array {
    const isNorm = shape.length === 1 && name.endsWith("weight");
    const fanIn = shape.slice(1).reduce((product, dim) => product * dim, 1);
    const [center, spread] = isNorm ? [1, 0.1] : [0, shape.length === 1 ? 0.1 : Math.sqrt(3 / fanIn)];
    const key = `${center} ${spread}`;
    const known = this.pools.get(key) ?? this.scaled(center, spread);
    this.pools.set(key, known);
    return known;
  }

  private scaled(center: number, spread: number): Uint8Array {
    const values = this.uniform.map((x) => center + spread * x);
    return new Uint8Array(this.dtype === "float32" ? values.buffer : Uint16Array.from(values, toHalf).buffer);
  }
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** A float16's bits, cut instead of rounded; what is below its smallest normal number becomes 0. */
function toHalf(value: number): number {
  float[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const exponent = ((bits[0]! >>> 23) & 0xff) - 112;
  return exponent <= 0 ? sign : sign | (exponent << 10) | ((bits[0]! >>> 13) & 0x3ff);
}
