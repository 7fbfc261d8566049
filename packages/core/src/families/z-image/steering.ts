import type { DenoiserPass } from "../../loop/denoiser";
import type { Conditioning, FamilyParts, PassOptions } from "../../loop/family";
import { type Floats, floats } from "../../tensor";
import { OpenControlNets } from "../control/open-control-nets";
import type { ZImageControlNetConfig } from "./control-net";
import { hintName } from "./model";

/** The ControlNet of Z-Image, opened. */
export class ZImageSteering {
  private readonly nets: OpenControlNets<ZImageControlNetConfig, Floats>;

  constructor(parts: FamilyParts) {
    this.nets = new OpenControlNets(parts);
  }

  /** @param picture latents `[1, C, h, w]` */
  show(encoded: Conditioning, picture: Floats): void {
    const [, channels, height, width] = picture.shape as [number, number, number, number];
    const shown = floats([1, this.nets.configs[0]!.control_in_dim, height, width]); // zeros behind the picture
    shown.data.set(picture.data.subarray(0, channels * height * width));
    this.nets.show(encoded, [shown]);
  }

  /** What is added behind the transformer's layers: zeros where the net does not steer. @param pass over the transformer */
  async hints(
    encoded: Conditioning,
    { step, constants }: DenoiserPass,
    tokens: number,
    options: PassOptions,
  ): Promise<Pick<DenoiserPass, "constants" | "made">> {
    const made = await this.nets.steer(encoded, options, ({ condition, strength }) => ({
      step: { ...step, strength: floats([1], Float32Array.of(strength)) },
      constants: { ...constants, picture: () => ({ control: condition }) },
    }));
    if (made) return { made, constants: {} };
    const { control_layers_places, dim } = this.nets.configs[0]!;
    const none = floats([step.latents!.shape[0]!, tokens, dim]);
    const hints = Object.fromEntries(control_layers_places.map((layer) => [hintName(layer), none]));
    return { constants: { [`unsteered ${none.shape}`]: () => hints } };
  }
}
