import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@skipstep/contract/graph";
import { withLinkedModel } from "./linked-model";
import { type Picture, picturesOf } from "./pictures";
import { expectImages, generate } from "./pipelines";
import { type Recorded, settingsOf } from "./recorded";

/** What the reference was called with. */
interface About extends Recorded {
  readonly class_: string;
  /** Of the checkpoint, from the case's own. */
  readonly folder: string;
  /** Folder below `pipelines` that has those of its components that are not there. */
  readonly pipeline: string;
  readonly seed: number;
}

const TOLERANCE = 2e-3;

/** An image that is painted anew in part, from a seed, by a model that sees the rest. */
export function fillCase(folder: string, root: string): () => Promise<void> {
  const about: About = JSON.parse(readFileSync(join(folder, "about.json"), "utf8"));
  const folders = [join(folder, about.folder), join(root, "pipelines", about.pipeline)];
  return () =>
    withLinkedModel(about.class_, folders, async (model) => {
      const io = readSafetensors(join(folder, "io.safetensors"));
      const [[picture], [maskPicture]] = ["image", "mask"].map((name) => picturesOf(io.get(`in.${name}`)!)) as [
        [Picture],
        [Picture],
      ];
      const config = { model, generate: settingsOf(about, join(folder, "about.json")) };
      expectImages(await generate(config, { seed: about.seed, picture, maskPicture }), io.get("out.image")!, TOLERANCE);
    });
}
