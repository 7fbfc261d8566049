import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@skipstep/contract/graph";
import { withLinkedModel } from "./linked-model";
import { picturesOf } from "./pictures";
import { expectImages, generate } from "./pipelines";
import { type Recorded, settingsOf } from "./recorded";

/** What the reference was called with, and the folder below `pipelines` whose components it ran on. */
type About = Recorded & { readonly pipeline: string; readonly class_: string; readonly seed: number };

const TOLERANCE = 2e-3;

/** Images that look at another, from a seed: by the class that ran, whatever the folder's own is. */
export function kontextCase(folder: string, root: string): () => Promise<void> {
  const about: About = JSON.parse(readFileSync(join(folder, "about.json"), "utf8"));
  const { pipeline, class_, seed } = about;
  return () =>
    withLinkedModel(class_, [join(root, "pipelines", pipeline)], async (model) => {
      const io = readSafetensors(join(folder, "io.safetensors"));
      const image = io.get("in.image");
      const config = { model, generate: settingsOf(about, join(folder, "about.json")) };
      const result = await generate(config, { seed, ...(image ? { picture: picturesOf(image) } : {}) });
      expectImages(result, io.get("out.image")!, TOLERANCE);
    });
}
