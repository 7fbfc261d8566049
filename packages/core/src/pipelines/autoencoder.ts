import type { Program } from "../compiler/program";
import type { Generator } from "../random";
import { type Floats, floats, sizeOf } from "../tensor";
import type { FamilyParts } from "./family";
import { rows, stack } from "./guidance";

/** What AutoencoderKL and AutoencoderTiny configs share. */
interface AutoencoderConfig {
  readonly scaling_factor: number;
  readonly shift_factor?: number | null;
  readonly latents_mean?: readonly number[] | null;
  readonly latents_std?: readonly number[] | null;
  readonly block_out_channels?: readonly number[];
  readonly decoder_block_out_channels?: readonly number[];
}

/** A pipeline's VAE, with the scaling that its latents carry. */
export class Autoencoder {
  /** Pixels along one side of a latent pixel. */
  readonly scaleFactor: number;
  private readonly config: AutoencoderConfig;

  /** @param component its name in the checkpoint; its main entry must be `decode` */
  constructor(
    private readonly parts: FamilyParts,
    private readonly component: string,
  ) {
    this.config = parts.configs[component] as AutoencoderConfig;
    this.scaleFactor = scaleFactorOf(this.config);
  }

  /** @param latents `[B, C, h, w]` as the denoiser leaves them @returns `[B, 3, H, W]` in -1..1 */
  async decode(latents: Floats, signal?: AbortSignal): Promise<Floats> {
    const program = this.parts.programs[this.component]!;
    const images: Floats[] = [];
    // One image at a time: the decoder's activations are the pipeline's largest.
    for (let item = 0; item < latents.shape[0]!; item++) {
      const z = this.scaled(rows(latents, item, item + 1), (x, factor, shift) => x / factor + shift);
      const { sample } = await this.run(program, "z", z, signal);
      images.push(sample!);
    }
    return stack(images);
  }

  /**
   * @param image `[1, 3, H, W]` in -1..1
   * @param generator draws from the posterior of an AutoencoderKL; an AutoencoderTiny has none
   * @returns `[1, C, h, w]`, scaled as the denoiser wants it
   */
  async encode(image: Floats, generator: Generator, signal?: AbortSignal): Promise<Floats> {
    const program = await this.parts.entry(this.component, "encode");
    const { latents, mean, logvar } = await this.run(program, "sample", image, signal);
    const z = latents ?? sampled(mean!, logvar!, generator);
    return this.scaled(z, (x, factor, shift) => (x - shift) * factor);
  }

  private run(
    program: Program,
    input: string,
    tensor: Floats,
    signal: AbortSignal | undefined,
  ): Promise<Readonly<Record<string, Floats>>> {
    const { engine } = this.parts;
    return engine.pass(async () => {
      const outputs = await program.run({ [input]: engine.upload(tensor) }, { signal });
      const read = Object.entries(outputs).map(
        async ([name, value]) => [name, (await value.read()) as Floats] as const,
      );
      return Object.fromEntries(await Promise.all(read));
    });
  }

  /** Per channel where the config gives statistics, else by one factor and shift. */
  private scaled({ shape, data }: Floats, scale: (x: number, factor: number, shift: number) => number): Floats {
    const { scaling_factor, shift_factor, latents_mean: mean, latents_std: std } = this.config;
    if (!mean || !std)
      return floats(
        shape,
        data.map((x) => scale(x, scaling_factor, shift_factor ?? 0)),
      );
    const plane = sizeOf(shape.slice(2));
    const channelOf = (at: number): number => Math.floor(at / plane) % shape[1]!;
    return floats(
      shape,
      data.map((x, at) => scale(x, scaling_factor / std[channelOf(at)]!, mean[channelOf(at)]!)),
    );
  }
}

/** A draw from the posterior: mean plus deviation times noise. */
function sampled(mean: Floats, logvar: Floats, generator: Generator): Floats {
  const noise = generator.randn(mean.data.length);
  return floats(
    mean.shape,
    mean.data.map((x, i) => x + Math.exp(0.5 * logvar.data[i]!) * noise[i]!),
  );
}

/** Pixels along one side of a latent pixel. @param config of an AutoencoderKL or AutoencoderTiny */
export function scaleFactorOf(config: unknown): number {
  const { decoder_block_out_channels, block_out_channels = [] } = config as AutoencoderConfig;
  return 2 ** ((decoder_block_out_channels ?? block_out_channels).length - 1);
}
