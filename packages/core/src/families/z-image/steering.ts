import type { DenoiserPass } from "../../loop/denoiser";
import type { Conditioning, FamilyParts, PassOptions } from "../../loop/family";
import { type Floats, floats } from "../../tensor";
import { OpenControlNets } from "../control/open-control-nets";
import type { ZImageControlNetConfig } from "./control-net";
import { hintName } from "./model";

/** A generation that may be steered. */
interface Steered extends Conditioning {
  /** What the net is shown, `[1, C, h, w]`: latents of the picture; to inpaint, also the mask and latents of the rest. */
  readonly control?: Floats;
}

/** The ControlNet of Z-Image, opened. */
export class ZImageSteering {
  private readonly nets: OpenControlNets<ZImageControlNetConfig, Floats>;

  constructor(parts: FamilyParts) {
    this.nets = new OpenControlNets(parts);
  }

  /** What is added behind the transformer's layers: zeros where the net does not steer. @param pass over the transformer */
  async hints(
    encoded: Steered,
    { step, constants, ...pass }: DenoiserPass,
    tokens: number,
    options: PassOptions,
  ): Promise<Pick<DenoiserPass, "constants" | "made">> {
    const made = await this.nets.steer(encoded, [encoded.control!], options, ({ config, condition, strength }) => ({
      ...pass,
      step: { ...step, strength: floats([1], Float32Array.of(strength)) },
      constants: { ...constants, picture: () => ({ control: withZeros(condition, config.control_in_dim) }) },
    }));
    if (made) return { made, constants: {} };
    const { control_layers_places, dim } = this.nets.configs[0]!;
    const none = floats([step.latents!.shape[0]!, tokens, dim]);
    const hints = Object.fromEntries(control_layers_places.map((layer) => [hintName(layer), none]));
    return { constants: { [`unsteered ${none.shape}`]: () => hints } };
  }
}

/** With channels of zeros behind its own. @param picture `[1, C, h, w]` @returns `[1, channels, h, w]` */
function withZeros({ shape, data }: Floats, channels: number): Floats {
  const [, , height, width] = shape as [number, number, number, number];
  const filled = floats([1, channels, height, width]);
  filled.data.set(data);
  return filled;
}
