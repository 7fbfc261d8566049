import {
  type Configs,
  defineFamily,
  type Family,
  imageCount,
  integer,
  modelOptions,
  setting,
  take,
} from "@skipstep/core/model";
import { pixelPipeline } from "./pipeline";
import { ddpmFiles } from "./single-files";
import { type UNet2DConfig, unet2D } from "./unet-2d";

/** DDPMPipeline, https://arxiv.org/abs/2006.11239, with diffusers' settings and defaults. */
export const ddpmFamily: Family = { ...pixelFamily("DDPMPipeline", "DDPM", 1000), singleFiles: ddpmFiles };

/** DDIMPipeline, https://arxiv.org/abs/2010.02502: the same models, which a schedule of fewer steps comes with. */
export const ddimFamily: Family = pixelFamily("DDIMPipeline", "DDIM", 50);

function pixelFamily(className: string, title: string, steps: number): Family {
  return defineFamily({
    className,
    title,
    settings: {
      batch_size: setting<number>(integer(undefined, { minimum: 1, description: "Images to draw." }), 1),
      ...take("num_inference_steps", "seed"),
    },
    subject: null,
    imagesSetting: "batch_size",
    defaults: (configs) => ({ num_inference_steps: steps, ...trainedSize(configs) }),
    sizeMultiple: () => 1,
    components: { unet: unet2D },
    // Those that scale what the model sees are not among them: the reference's pipelines do not scale.
    schedulers: ["variance-preserving"],
    sizes: (_, settings) => ({ unet: { B: imageCount(settings), h: settings.height, w: settings.width } }),
    open: async (parts) => pixelPipeline(parts),
  });
}

/** The one size that the model draws. */
function trainedSize({ unet }: Configs): { height: number; width: number } {
  const [height, width = height] = [(unet as UNet2DConfig).sample_size ?? []].flat();
  if (height === undefined) throw modelOptions("UNet2DModel", ['"sample_size" must say how large its images are']);
  return { height, width: width! };
}
