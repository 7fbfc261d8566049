import { defineFamily } from "../../loop/define-family";
import { partsOf } from "../../loop/denoiser";
import type { Configs, FamilyParts } from "../../loop/family";
import { integers } from "../../tensor";
import { autoencoderClasses, tilingProblems } from "../autoencoders/autoencoder";
import { sincosPositions } from "../blocks/sincos-positions";
import { type TransformerMethods, TransformerPipeline } from "../transformers/pipeline";
import { patchPixels, trainedSquare, transformerSizes } from "../transformers/settings";
import { classNumbers, classProblems, type DitSettings, ditSettings } from "./class-labels";
import { type DitConfig, dit } from "./model";

/** What the pipeline takes for "no class", whatever the number of classes; it was made for ImageNet. */
const NO_CLASS = 1000;

/**
 * DiTPipeline, https://arxiv.org/abs/2212.09748, with diffusers' settings and defaults. Unlike there, the image may have
 * another size than the model was trained on.
 */
export const ditFamily = defineFamily({
  className: "DiTPipeline",
  title: "DiT",
  settings: ditSettings,
  // Of ImageNet: a dog, a sea otter, ...; small models know the first few.
  subject: { setting: "class_labels", examples: [207, 360, 975, 88, 0, 1, 2, 3] },
  defaults: (configs) => ({ num_inference_steps: 50, guidance_scale: 4, ...trainedSquare(configs) }),
  sizeMultiple: patchPixels,
  components: { transformer: dit, vae: autoencoderClasses },
  others: ["id2label"],
  unheeded: { vae: ["shift_factor", "latents_mean", "latents_std"] },
  // Those that scale what the model sees are not: the pipeline in diffusers steps from the scaled latents.
  schedulers: ["variance-preserving"],
  problems: (configs, settings) => [
    ...classProblems(configs, settings, classCount(configs)),
    ...tilingProblems(configs.vae, settings),
  ],
  sizes: (configs, settings) => transformerSizes(configs, settings),
  open: async (parts) => new TransformerPipeline(parts, methods(parts)),
});

function classCount({ transformer }: Configs): number {
  return (transformer as DitConfig).num_embeds_ada_norm;
}

function methods({ configs }: FamilyParts): TransformerMethods {
  const config = configs.transformer as DitConfig;
  const none = Math.min(NO_CLASS, classCount(configs));
  return {
    encode: async (settings: DitSettings) => {
      const labels = classNumbers(configs, settings);
      const nothing = labels.map(() => none);
      return {
        inputs: (branch) => {
          const chosen = partsOf(branch, labels, nothing).flat();
          return { class_labels: integers([chosen.length], chosen) };
        },
        warnings: [],
      };
    },
    positions: (height, width) => sincosPositions(config, height, width),
    schedule: ({ num_inference_steps }) => ({ num_inference_steps }),
  };
}
