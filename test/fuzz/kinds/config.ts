import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kind } from "../kind";
import { MutatedFiles } from "../mutated-file";
import { copyPipeline, linkPlugins } from "../seeds";
import { inspected, small, tryConfig } from "../try-config";

const plugins = [
  { use: "fbcache", options: { threshold: 0.1, warmup_steps: 1 } },
  { use: "xformers", options: {}, components: ["transformer"] },
];

/** A config with most keys that there are. */
function content(model: string): object {
  return {
    $schema: "./schema.json",
    model,
    device: "cpu",
    memory: "component",
    components: { vae: `${model}/vae` },
    lora: [],
    scheduler: { type: "FlowMatchEulerDiscreteScheduler", shift: 2, use_dynamic_shifting: false },
    generate: {
      ...small,
      prompt: ["a cat", "a dog"],
      negative_prompt: "",
      guidance_scale: 2,
      num_images_per_prompt: 1,
    },
    guidance: "separate",
    plugins,
    strict: false,
  };
}

/** The config's file, and one that it extends. */
export const configKinds: readonly Kind[] = ["config", "extends"].map((name) => ({
  name,
  weight: 4,
  prepare(place) {
    linkPlugins(place.folder);
    copyPipeline("sd35-no-t5", place.folder);
    const [base, file] = ["base.json", "config.json"].map((name) => join(place.folder, name)) as [string, string];
    writeFileSync(base, JSON.stringify(content("./sd35-no-t5")));
    writeFileSync(file, JSON.stringify({ extends: ["./base.json"], generate: { guidance_scale: 1.5 } }));
    const entry = name === "config" ? base : file;
    const files = new MutatedFiles([...new Set([entry, base])]);
    return {
      attempt: (random) => files.with(random, () => tryConfig(entry, place, random)),
      sound: () => inspected(entry),
    };
  },
}));
