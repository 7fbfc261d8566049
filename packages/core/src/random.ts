/** Source of torch-equal random numbers. */
export interface Generator {
  /** `n` draws from the standard normal distribution, float32, as `torch.randn` on the CPU gives them. */
  randn(n: number): Float32Array;
  /** `n` uniform draws in [0, 1), float32, as `torch.rand`. */
  rand(n: number): Float32Array;
}

/**
 * A generator that draws what `torch.Generator("cpu").manual_seed(seed)` draws, within 2.4e-7 (torch's vectorised
 * logarithm and cosine differ from the C library's in the last bit).
 *
 * @param seed 0..2^64-1; like torch's, only its low 32 bits count
 */
export function createGenerator(seed: number | bigint): TorchGenerator {
  return new TorchGenerator(Number(BigInt.asUintN(32, BigInt(seed))));
}

const stateSize = 624;
const shiftSize = 397;

/**
 * Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998) with PyTorch's two ways from bits to normal draws, both
 * Box-Muller: in blocks of 16 float32 for 16 draws and more, one double at a time below that.
 */
export class TorchGenerator implements Generator {
  private readonly state = new Uint32Array(stateSize);
  private position = stateSize;
  /** Box-Muller makes two doubles; the second one waits for the next small draw. */
  private spare: number | undefined;

  /** @param seed 0..2^32-1 */
  constructor(seed: number) {
    this.state[0] = seed;
    for (let i = 1; i < stateSize; i++) {
      const previous = this.state[i - 1]!;
      this.state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  rand(n: number): Float32Array {
    return this.fillUniform(new Float32Array(n));
  }

  randn(n: number): Float32Array {
    if (n < 16) return Float32Array.from({ length: n }, () => this.normal());
    const draws = this.rand(n);
    for (let start = 0; start + 16 <= n; start += 16) boxMuller(draws.subarray(start, start + 16));
    // A remainder is not filled up: torch draws the last 16 anew, over what was there.
    if (n % 16 !== 0) boxMuller(this.fillUniform(draws.subarray(n - 16)));
    return draws;
  }

  private fillUniform(target: Float32Array): Float32Array {
    for (let i = 0; i < target.length; i++) target[i] = (this.bits() & 0xffffff) / 2 ** 24;
    return target;
  }

  private normal(): number {
    if (this.spare !== undefined) {
      const draw = this.spare;
      this.spare = undefined;
      return draw;
    }
    const angle = 2 * Math.PI * this.uniformDouble();
    const radius = Math.sqrt(-2 * Math.log1p(-this.uniformDouble()));
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** The low 53 of 64 bits, the first word above. */
  private uniformDouble(): number {
    const high = this.bits() & 0x1fffff;
    return (high * 2 ** 32 + this.bits()) / 2 ** 53;
  }

  private bits(): number {
    if (this.position === stateSize) this.twist();
    let y = this.state[this.position++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  private twist(): void {
    const { state } = this;
    for (let i = 0; i < stateSize; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % stateSize]! & 0x7fffffff);
      state[i] = state[(i + shiftSize) % stateSize]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.position = 0;
  }
}

const { fround } = Math;
const fullTurn = fround(2 * Math.PI);

/** 16 uniform draws to 16 normal ones in place: the first half gives radii, the second angles. float32 at each step, as torch. */
function boxMuller(block: Float32Array): void {
  for (let j = 0; j < 8; j++) {
    const radius = fround(Math.sqrt(fround(-2 * fround(Math.log(fround(1 - block[j]!))))));
    const angle = fround(fullTurn * block[j + 8]!);
    block[j] = radius * Math.cos(angle);
    block[j + 8] = radius * Math.sin(angle);
  }
}
