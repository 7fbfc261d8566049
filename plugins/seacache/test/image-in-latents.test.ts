import { floats } from "@skipstep/core/plugin";
import { expect, it } from "vitest";
import { imageInLatents } from "../src/image-in-latents";

// diffusers' _apply_sea_filter, in float32: elements 0, 1, width, the last of the first channel and its neighbours.
it.each<[height: number, width: number, sigma: number, power: number, expected: readonly number[]]>([
  [5, 6, 0.7, 3, [0.82547, 1.06566, -0.65333, 0.1802, -0.1051, -0.85677]],
  [7, 4, 0.02, 1.5, [0.96353, 0.90932, -0.81826, 0.97578, 0.88711, 0.86274]],
  [1, 9, 1, 3, [0.02006, 0.02006, 0.0203, 0.02006, 0.0203, 0.0203]],
  [8, 8, 0.4, 3, [0.98223, 0.93075, 0.59106, 1.00728, 0.87038, 0.80257]],
])(
  "finds the image in latents of %d x %d at noise level %d by a power of %d",
  (height, width, sigma, power, expected) => {
    const size = height * width;
    const latents = Float32Array.from({ length: 2 * size }, (_, i) => Math.sin(1 + 0.7 * i + 0.3));
    const found = imageInLatents(floats([1, 2, height, width], latents), sigma, power);
    for (const [i, at] of [0, 1, width, size - 1, size, 2 * size - 1].entries())
      expect(found[at], `element ${at}`).toBeCloseTo(expected[i]!, 4);
  },
);
