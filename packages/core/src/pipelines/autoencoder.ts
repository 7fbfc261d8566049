import type { Program } from "../compiler/program";
import type { Engine } from "../engine/engine";
import { type Floats, floats } from "../tensor";
import type { FamilyParts } from "./family";
import { rows, stack } from "./guidance";

/** What AutoencoderKL and AutoencoderTiny configs share. */
interface AutoencoderConfig {
  readonly scaling_factor: number;
  readonly shift_factor: number | null;
  readonly block_out_channels?: readonly number[];
  readonly decoder_block_out_channels?: readonly number[];
}

/** The decoder of a pipeline's VAE, with the scaling that its latents carry. */
export class Autoencoder {
  /** Pixels along one side of a latent pixel. */
  readonly scaleFactor: number;
  private readonly config: AutoencoderConfig;
  private readonly program: Program;
  private readonly engine: Engine;

  constructor({ configs, programs, engine }: FamilyParts, component: string) {
    this.config = configs[component] as AutoencoderConfig;
    this.program = programs[component]!;
    this.engine = engine;
    this.scaleFactor = scaleFactorOf(this.config);
  }

  /** @param latents `[B, C, h, w]` as the denoiser leaves them @returns `[B, 3, H, W]` in -1..1 */
  async decode(latents: Floats, signal?: AbortSignal): Promise<Floats> {
    const { scaling_factor, shift_factor } = this.config;
    const images: Floats[] = [];
    // One image at a time: the decoder's activations are the pipeline's largest.
    for (let item = 0; item < latents.shape[0]!; item++) {
      const z = rows(latents, item, item + 1);
      const unscaled = floats(
        z.shape,
        z.data.map((x) => x / scaling_factor + (shift_factor ?? 0)),
      );
      images.push(
        await this.engine.pass(async () => {
          const { sample } = await this.program.run({ z: this.engine.upload(unscaled) }, { signal });
          return (await sample!.read()) as Floats;
        }),
      );
    }
    return stack(images);
  }
}

/** Pixels along one side of a latent pixel. @param config of an AutoencoderKL or AutoencoderTiny */
export function scaleFactorOf(config: unknown): number {
  const { decoder_block_out_channels, block_out_channels = [] } = config as AutoencoderConfig;
  return 2 ** ((decoder_block_out_channels ?? block_out_channels).length - 1);
}
