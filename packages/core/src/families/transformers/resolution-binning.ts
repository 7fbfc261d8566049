import type { Configs, SettingProblem } from "../../loop/family";
import { brokenSizes } from "../../loop/request";
import type { Settings, SettingsOf } from "../../loop/settings";
import { flag } from "../../schema/option";
import { setting } from "../../settings/setting";
import { nearestBin } from "./resolution-bins";
import { type PatchTransformerConfig, patchPixels } from "./settings";

/** Settings of PixArt's pipelines, and of those made after them. */
export const binningSettings = {
  clean_caption: setting<boolean>(
    flag(undefined, "Strip the prompt of addresses and markup. Only false is supported."),
    false,
  ),
  use_resolution_binning: setting<boolean>(
    flag(undefined, "Draw at the nearest size that the model was trained on, and resize the image."),
    false,
  ),
};

type BinningSettings = SettingsOf<typeof binningSettings>;
type ImageSize = Pick<Settings, "height" | "width">;

/** How a family's images come to the sizes that its models were trained on. */
export class ResolutionBinning {
  /**
   * @param sampleSizes of the models that there are such sizes for
   * @param pixels along a side of one of them
   * @param multiple what the pipeline wants sizes to be a multiple of, whatever the model does
   */
  constructor(
    private readonly sampleSizes: readonly number[],
    private readonly pixels: number,
    private readonly multiple: number,
  ) {}

  hasBins({ transformer }: Configs): boolean {
    return this.sampleSizes.includes((transformer as PatchTransformerConfig).sample_size);
  }

  /** Height and width that the denoiser draws; the image is cut from it at the end. */
  drawnSize({ transformer }: Configs, { use_resolution_binning, height, width }: BinningSettings): ImageSize {
    const { sample_size } = transformer as PatchTransformerConfig;
    return use_resolution_binning ? nearestBin({ height, width }, sample_size * this.pixels) : { height, width };
  }

  problems(configs: Configs, settings: BinningSettings): readonly SettingProblem[] {
    return [
      ...(settings.use_resolution_binning && !this.hasBins(configs)
        ? [this.noBins(configs)]
        : brokenSizes(this.multipleOf(configs), this.drawnSize(configs, settings))),
      ...(settings.clean_caption ? [captionsStay] : []),
    ];
  }

  /** The pipeline's, and the model's whole patches. */
  private multipleOf(configs: Configs): number {
    const patch = patchPixels(configs);
    let least = patch;
    while (least % this.multiple !== 0) least += patch;
    return least;
  }

  private noBins({ transformer }: Configs): SettingProblem {
    const { sample_size } = transformer as PatchTransformerConfig;
    return {
      key: "use_resolution_binning",
      text: `must be false for a model of sample_size ${sample_size}: only ${this.sampleSizes.join(", ")} have sizes to choose from`,
    };
  }
}

const captionsStay: SettingProblem = {
  key: "clean_caption",
  text: "must be false: prompts are taken as they are, in lower case",
};
