import { type DenoiserInputs, type DenoiserPass, forRows } from "../../loop/denoiser";
import type { Branch, Conditioning, FamilyParts, PassOptions } from "../../loop/family";
import { type Floats, floats, integers } from "../../tensor";
import { packLatents } from "../blocks/packed-latents";
import { forBranches, OpenControlNets } from "../control/open-control-nets";
import type { FluxControlNetConfig } from "./control-net";
import { blockSample, type FluxConfig, singleBlockSample } from "./model";

/** What a net is shown. */
export interface FluxControl {
  /** The picture as packed latents, `[B, X, C]`, one row an image. */
  readonly picture: Floats;
  /** Kind of the picture, for nets that know several. */
  readonly mode: number;
}

/** One pass over the denoiser, as far as its ControlNets see it: always with the prompt, whatever the branch. */
interface SteeredPass {
  /** `[B, C, h, w]`, one row an image. */
  readonly latents: Floats;
  readonly timestep: number;
  readonly branch: Branch;
  /** What all steps share. @param extra text tokens before the prompt's */
  readonly constants: (config: FluxConfig, extra: number) => DenoiserInputs;
}

/** A generation that may be steered. */
interface Steered extends Conditioning {
  /** One a net. */
  readonly control?: readonly FluxControl[];
}

/** @param pictures latents `[B, C, h, w]` of each, one row an image @param modes kind of each, for nets that are told */
export function shownPictures(pictures: readonly Floats[], modes: readonly (number | null)[]): FluxControl[] {
  return pictures.map((picture, i) => ({ picture: packLatents(picture), mode: modes[i] ?? 0 }));
}

/** The ControlNets of FLUX.1, opened. */
export class FluxSteering {
  private readonly nets: OpenControlNets<FluxControlNetConfig, FluxControl>;

  constructor(parts: FamilyParts) {
    this.nets = new OpenControlNets(parts);
  }

  /** What is added behind the denoiser's blocks: zeros at a step that no net steers. */
  async samples(
    encoded: Steered,
    { latents, timestep, branch, constants }: SteeredPass,
    options: PassOptions,
  ): Promise<Pick<DenoiserPass, "constants" | "made">> {
    const hidden = packLatents(latents);
    const [images, tokens] = hidden.shape as [number, number, number];
    const time = { timestep, at: (t: number) => ({ timestep: forRows(images, t / 1000) }) };
    const made = await this.nets.steer(
      encoded,
      encoded.control!,
      options,
      ({ config, condition: { picture, mode }, strength }) => ({
        step: { hidden_states: hidden, strength: floats([1], Float32Array.of(strength)) },
        time,
        constants: {
          [`${latents.shape}`]: () => constants(config, config.num_mode === null ? 0 : 1),
          picture: () => ({
            controlnet_cond: picture,
            ...(config.num_mode === null
              ? {}
              : { controlnet_mode: integers([images, 1], new Array(images).fill(mode)) }),
          }),
        },
      }),
    );
    if (made) return { made: branch === "batch" ? await forBranches(made, [1, 1]) : made, constants: {} };
    const rows = branch === "batch" ? 2 * images : images;
    return { constants: { [`unsteered ${rows},${tokens}`]: () => this.unsteered(rows, tokens) } };
  }

  private unsteered(rows: number, tokens: number): DenoiserInputs {
    const [{ num_layers, num_single_layers, num_attention_heads, attention_head_dim }] = this.nets.configs as [
      FluxControlNetConfig,
    ];
    const none = floats([rows, tokens, num_attention_heads * attention_head_dim]);
    const named = (count: number, nameOf: (i: number) => string): [string, Floats][] =>
      Array.from({ length: count }, (_, i) => [nameOf(i), none]);
    return Object.fromEntries([...named(num_layers, blockSample), ...named(num_single_layers, singleBlockSample)]);
  }
}
