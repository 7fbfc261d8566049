import type { Sizes } from "../../graph/dim";
import { nearestPixels } from "../../image/nearest-pixels";
import { concat } from "../../loop/concat";
import type { Blending, Family, FamilyParts, ImageToImage, SettingProblem } from "../../loop/family";
import { rows, stack } from "../../loop/guidance";
import { imageCount, type Settings } from "../../loop/settings";
import type { Runs } from "../../program/program";
import type { Generator } from "../../random";
import { type Floats, floats, sizeOf } from "../../tensor";
import { autoencoderDc } from "./autoencoder-dc";
import { autoencoderKl } from "./autoencoder-kl";
import { autoencoderTiny } from "./autoencoder-tiny";
import { inTiles, needsTiles, tileStride } from "./tiled-decode";

/** What the configs of the classes of autoencoders share. */
interface AutoencoderConfig {
  /** None where the model scales its latents itself. */
  readonly scaling_factor?: number;
  readonly shift_factor?: number | null;
  readonly latents_mean?: readonly number[] | null;
  readonly latents_std?: readonly number[] | null;
  readonly block_out_channels?: readonly number[];
  readonly decoder_block_out_channels?: readonly number[] | null;
  /** Pixels of a tile; an AutoencoderTiny has none. */
  readonly sample_size?: number | readonly [number, number];
  /** Share of a tile that it has in common with its neighbour, where it is not AutoencoderKL's. */
  readonly tile_overlap?: number;
}

export interface CoderOptions {
  /** Whether large images go through in tiles; default false. An AutoencoderTiny has none. */
  readonly tiling?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The classes that most pipelines' VAE may be. */
export const autoencoderClasses: Family["components"][string] = {
  AutoencoderKL: { architecture: autoencoderKl, entry: "decode" },
  AutoencoderTiny: { architecture: autoencoderTiny, entry: "decode" },
};

/** The class whose latent pixels are so many pixels that models need no patches. */
export const deepAutoencoder: Family["components"][string] = {
  AutoencoderDC: { architecture: autoencoderDc, entry: "decode" },
};

type ImageSize = Pick<Settings, "height" | "width">;

/** A pipeline's VAE, with the scaling that its latents carry. */
export class Autoencoder {
  /** Pixels along one side of a latent pixel. */
  readonly scaleFactor: number;
  private readonly config: AutoencoderConfig;
  /** Numbers that the last image took of the generator; another one of its size takes as many. */
  private drawn = 0;

  /** @param component its name in the checkpoint; its main entry must be `decode` */
  constructor(
    private readonly parts: FamilyParts,
    private readonly component: string,
  ) {
    this.config = parts.configs[component] as AutoencoderConfig;
    this.scaleFactor = scaleFactorOf(this.config);
  }

  /** How a family begins with an image. @param firstStep where, see `ImageToImage` */
  imageToImage(firstStep: ImageToImage["firstStep"]): ImageToImage {
    return {
      firstStep,
      encode: ({ vae_tiling: tiling }, image, generator, signal) => this.encode(image, generator, { tiling, signal }),
    };
  }

  /**
   * How a family blends latents with an image that is painted anew in part. Its denoiser sees nothing of the mask.
   * @param firstStep as for `imageToImage` @param isNoiseAlone see `Inpainting`
   */
  inpainting(firstStep: ImageToImage["firstStep"], isNoiseAlone = false): Blending {
    return {
      ...this.imageToImage(firstStep),
      isNoiseAlone,
      blendMask: (mask) => nearestPixels(mask, this.scaleFactor),
      encodeMasked: async (_, __, generator) => {
        generator.randn(this.drawn);
        return undefined;
      },
    };
  }

  /**
   * Unit noise to start from. Sides that the factor does not divide are rounded down.
   * @param size of the image, in pixels @returns `[B, channels, h, w]`
   */
  noise(settings: Settings, channels: number, generator: Generator, size: ImageSize = settings): Floats {
    const [height, width] = [size.height, size.width].map((side) => Math.floor(side / this.scaleFactor));
    const shape = [imageCount(settings), channels, height!, width!];
    return floats(shape, generator.randn(sizeOf(shape)));
  }

  /** @param latents `[B, C, h, w]` as the denoiser leaves them @returns `[B, 3, H, W]` in -1..1 */
  async decode(latents: Floats, { tiling = false, signal }: CoderOptions = {}): Promise<Floats> {
    const program = this.parts.programs[this.component]!;
    const { latent: from, sample: to, ...overlap } = tileSizes(this.config);
    const sampleOf = async (z: Floats): Promise<Floats> => (await this.run(program, "z", z, signal)).sample!;
    const images: Floats[] = [];
    // One image at a time: the decoder's activations are the pipeline's largest.
    for (let item = 0; item < latents.shape[0]!; item++) {
      const z = this.scaled(rows(latents, item, item + 1), (x, factor, shift) => x / factor + shift);
      images.push(await (tiling && needsTiles(z, from) ? inTiles(z, { from, to, ...overlap }, sampleOf) : sampleOf(z)));
    }
    return stack(images);
  }

  /**
   * @param image `[1, 3, H, W]` in -1..1
   * @param generator draws from the posterior of an AutoencoderKL, of which it is the mode without one
   * @returns `[draws, C, h, w]`, scaled as the denoiser wants it
   */
  async encode(
    image: Floats,
    generator: Generator | undefined,
    { tiling = false, draws = 1, signal }: CoderOptions & { readonly draws?: number } = {},
  ): Promise<Floats> {
    const program = await this.parts.entry(this.component, "encode");
    const { sample: from, latent: to, ...overlap } = tileSizes(this.config);
    let isDrawn = false;
    const encoded = async (sample: Floats): Promise<Floats> => {
      const { latents, mean, logvar } = await this.run(program, "sample", sample, signal);
      isDrawn = latents === undefined;
      return latents ?? concat([mean!, logvar!], 1);
    };
    const whole = await (tiling && needsTiles(image, from)
      ? inTiles(image, { from, to, ...overlap }, encoded)
      : encoded(image));
    const z = isDrawn ? sampled(whole, draws, generator) : stack(new Array<Floats>(draws).fill(whole));
    this.drawn = isDrawn ? z.data.length : 0;
    return this.scaled(z, (x, factor, shift) => (x - shift) * factor);
  }

  private run(
    program: Runs,
    input: string,
    tensor: Floats,
    signal: AbortSignal | undefined,
  ): Promise<Readonly<Record<string, Floats>>> {
    const { runtime } = this.parts;
    return runtime.pass(async () => {
      const outputs = await program.run({ [input]: runtime.upload(tensor) }, { signal });
      const read = Object.entries(outputs).map(
        async ([name, value]) => [name, (await value.read()) as Floats] as const,
      );
      return Object.fromEntries(await Promise.all(read));
    });
  }

  /** Per channel where the config gives statistics, else by one factor and shift. */
  private scaled({ shape, data }: Floats, scale: (x: number, factor: number, shift: number) => number): Floats {
    const { scaling_factor = 1, shift_factor, latents_mean: mean, latents_std: std } = this.config;
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

/**
 * Draws from the posterior, mean plus deviation times noise; the mean without a generator.
 * @param moments mean and log variance, `[1, 2 C, h, w]`
 */
function sampled({ shape, data }: Floats, draws: number, generator: Generator | undefined): Floats {
  const [, channels, height, width] = shape as [number, number, number, number];
  const size = data.length / 2;
  const noise = generator?.randn(draws * size);
  const result = floats([draws, channels / 2, height, width]);
  for (let i = 0; i < result.data.length; i++)
    result.data[i] = data[i % size]! + (noise ? Math.exp(0.5 * data[size + (i % size)]!) * noise[i]! : 0);
  return result;
}

/** Pixels along one side of a latent pixel. @param config of any class */
export function scaleFactorOf(config: unknown): number {
  const { decoder_block_out_channels, block_out_channels = [] } = config as AutoencoderConfig;
  return 2 ** ((decoder_block_out_channels ?? block_out_channels).length - 1);
}

/** Sides of a tile in latent pixels and in pixels, and what tiles have in common; an AutoencoderTiny has none. */
export function tileSizes(config: AutoencoderConfig): {
  readonly latent: number;
  readonly sample: number;
  readonly overlap?: number;
} {
  const { sample_size = 0, tile_overlap: overlap } = config;
  const [sample = 0] = [sample_size].flat() as number[];
  return { latent: Math.floor(sample / scaleFactorOf(config)), sample, ...(overlap === undefined ? {} : { overlap }) };
}

/** What is wrong with `vae_tiling`. @param config of any class */
export function tilingProblems(config: unknown, { vae_tiling }: Settings): SettingProblem[] {
  const problem = (text: string): SettingProblem[] => [{ key: "vae_tiling", text }];
  if (!vae_tiling) return [];
  const { latent, sample, overlap } = tileSizes(config as AutoencoderConfig);
  if (sample === 0) return problem("is for AutoencoderKL, and this checkpoint has an AutoencoderTiny");
  if (tileStride(latent, overlap) > 0) return [];
  return problem(`needs tiles of at least 2 latent pixels, and the VAE's sample_size ${sample} makes them ${latent}`);
}

/** Run-time sizes of `decode`, the largest that occur. @param config of any class */
export function decodeSizes(config: unknown, { height, width, vae_tiling }: Settings): Sizes {
  const most = vae_tiling ? tileSizes(config as AutoencoderConfig).latent : Number.POSITIVE_INFINITY;
  const [h, w] = [height, width].map((side) => Math.min(most, side / scaleFactorOf(config))) as [number, number];
  return { B: 1, h, w };
}
