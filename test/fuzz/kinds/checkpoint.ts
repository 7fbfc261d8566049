import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { ConfigInput } from "@skipstep/core";
import type { Kind } from "../kind";
import { MutatedFiles } from "../mutated-file";
import { copyPipeline } from "../seeds";
import { inspected, small, tryConfig } from "../try-config";

const prompt = "a cat";

/** One of each family, and what it draws. */
const models: Readonly<Record<string, NonNullable<ConfigInput["generate"]>>> = {
  "sd35-no-t5": { ...small, prompt },
  "pixart-alpha": { ...small, height: 128, width: 128, prompt },
  dit: { num_inference_steps: 1, seed: 1, class_labels: [1] },
  flux: { ...small, prompt },
  sd15: { ...small, prompt },
  sdxl: { ...small, prompt },
  "z-image": { ...small, prompt },
};

/** Files of a diffusers folder by their names. @param of which models, the small ones where files are rewritten whole */
function kind(name: string, weight: number, files: RegExp, of: readonly string[] = Object.keys(models)): Kind {
  return {
    name,
    weight,
    prepare(place) {
      const subjects = of.map((model) => {
        const folder = copyPipeline(model, place.folder);
        const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => files.test(path));
        const mutated = new MutatedFiles(names.map((path) => join(folder, path)));
        return { config: { model: folder, generate: models[model]! }, mutated };
      });
      return {
        attempt(random) {
          const { config, mutated } = random.pick(subjects);
          return mutated.with(random, () => tryConfig(config, place, random));
        },
        sound: () => Promise.all(subjects.map(({ config }) => inspected(config))),
      };
    },
  };
}

export const checkpointKinds: readonly Kind[] = [
  kind("model_index.json", 3, /model_index\.json$/),
  kind("component config.json", 6, /\/config\.json$/),
  kind("scheduler_config.json", 3, /scheduler_config\.json$/),
  kind("safetensors", 5, /\.safetensors$/, ["sd35-no-t5", "pixart-alpha", "dit", "flux"]),
  kind("safetensors index", 2, /\.index\.json$/, ["flux"]),
];
