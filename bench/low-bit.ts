import type { Architecture } from "@skipstep/core/model";
import { dit, unet2DCondition, zImage } from "@skipstep/core/model";
import type { Benchmark } from "./benchmark";
import { bnbKinds, exactGgufKinds, type Kind, otherKinds, unetKinds } from "./low-bit-kinds";
import { type LowBitModel, measureKinds } from "./measure-kinds";
import { ditXl2 } from "./random-dit";
import { sd15 } from "./sd15-configs";

const about =
  "with random weights: each plugin, and pairs that are of use, in turns with float32 without plugins, the least of three passes each. Weights in memory and on disk are all of the model's; bytes a weight are of those that plugins took. PSNR is that of the output against float32's, whose range is the peak: of random weights, that is, which have no outliers and let errors grow from layer to layer.";

function benchmark(name: string, title: string, model: LowBitModel, kinds: readonly Kind[]): Benchmark {
  return { name, about: `One pass of ${title} ${about}`, run: (say) => measureKinds(model, kinds, say) };
}

const zImageConfig = { dim: 1280, n_layers: 10, n_heads: 10, n_kv_heads: 10, in_channels: 32, cap_feat_dim: 128 };
const zImageModel: LowBitModel = {
  architecture: zImage as Architecture,
  config: zImageConfig,
  sizes: { B: 1, h: 32, w: 32, L: 32, T: 32 * 32 + 32 },
};

export const lowBitBenchmarks: readonly Benchmark[] = [
  benchmark(
    "low-bit-dit",
    "DiT-XL/2, 256 x 256, batch 2,",
    { architecture: dit, config: ditXl2, sizes: { B: 2, H: 32, W: 32 } },
    bnbKinds(2.6),
  ),
  benchmark(
    "low-bit-dit-others",
    "DiT-XL/2, 256 x 256, batch 2,",
    { architecture: dit, config: ditXl2, sizes: { B: 2, H: 32, W: 32 } },
    otherKinds("Q4_0"),
  ),
  benchmark("low-bit-z-image", "a Z-Image transformer of width 1280 with 10 layers, 512 x 512, batch 1,", zImageModel, [
    ...bnbKinds(),
    ...otherKinds("Q4_K"),
  ]),
  {
    name: "low-bit-gguf",
    about: `One pass of a Z-Image transformer of width 1280 with 2 layers, 512 x 512, batch 1, with random weights that were written as GGUF: the gguf plugin without options, in turns with float32 without plugins, processor time on one thread, because other work does not count there, the least of three passes each. PSNR is that of the output against float32's with the weights before they were rounded.`,
    run: (say) =>
      measureKinds({ ...zImageModel, config: { ...zImageConfig, n_layers: 2 } }, exactGgufKinds, say, "processor"),
  },
  benchmark(
    "low-bit-unet",
    "SD 1.5's U-Net, 256 x 256, batch 2,",
    { architecture: unet2DCondition, config: sd15.unet, sizes: { B: 2, h: 32, w: 32, S: 77 } },
    unetKinds,
  ),
];
