import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kind } from "../kind";
import { MutatedFiles } from "../mutated-file";
import { copyPipeline, golden } from "../seeds";
import { inspected, small, tryConfig } from "../try-config";

const adapter = {
  peft_type: "LORA",
  r: 4,
  lora_alpha: 8,
  use_rslora: false,
  rank_pattern: { to_q: 4 },
  alpha_pattern: {},
};

/** kohya's names in one file, PEFT's in a folder with its settings. */
const loras = [
  { model: "sd15", from: "lora-kohya-sd15", file: "lora.safetensors" },
  { model: "flux", from: "lora-peft-flux", file: "adapter_model.safetensors" },
];

export const loraKinds: readonly Kind[] = [/\.safetensors$/, /adapter_config\.json$/].map((files, i) => ({
  name: i === 0 ? "LoRA" : "adapter_config.json",
  weight: i === 0 ? 4 : 1,
  prepare(place) {
    const subjects = loras.map(({ model, from, file }) => {
      const folder = join(place.folder, from);
      mkdirSync(folder);
      cpSync(join(golden, "extras", from, "lora.safetensors"), join(folder, file));
      writeFileSync(join(folder, "adapter_config.json"), JSON.stringify(adapter));
      const config = {
        model: copyPipeline(model, place.folder),
        lora: [{ path: folder, scale: 0.5 }],
        generate: { ...small, prompt: "a cat" },
      };
      const names = [file, "adapter_config.json"].filter((name) => files.test(name));
      return { config, mutated: new MutatedFiles(names.map((name) => join(folder, name))) };
    });
    return {
      attempt(random) {
        const { config, mutated } = random.pick(subjects);
        return mutated.with(random, () => tryConfig(config, place, random));
      },
      sound: () => Promise.all(subjects.map(({ config }) => inspected(config))),
    };
  },
}));
