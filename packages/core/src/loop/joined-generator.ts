import type { Generator } from "../random";

/** One of several generations in one batch. */
export interface Share {
  readonly generator: Generator;
  /** Its images. */
  readonly images: number;
}

/**
 * Draws for a batch, for each generation's images from a generator of its own, as diffusers' list of generators does:
 * what each is given is what it would be given alone.
 */
export function joinGenerators(shares: readonly Share[]): Generator {
  const all = shares.reduce((sum, { images }) => sum + images, 0);
  const joined = (draw: keyof Generator, n: number): Float32Array => {
    const result = new Float32Array(n);
    let at = 0;
    for (const { generator, images } of shares) {
      const own = generator[draw]((n / all) * images);
      result.set(own, at);
      at += own.length;
    }
    return result;
  };
  return { randn: (n) => joined("randn", n), rand: (n) => joined("rand", n) };
}
