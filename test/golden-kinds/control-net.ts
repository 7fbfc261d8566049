import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@skipstep/contract/graph";
import type { GenerateConfig } from "@skipstep/core";
import { type Floats, floats } from "@skipstep/core/model";
import { isBuilt } from "../../packages/core/test/is-built";
import { withoutTemplates } from "./image-to-image";
import { picturesOf } from "./pictures";
import { expectImages, generate } from "./pipelines";

/** What the reference was called with. */
interface About {
  /** Folder below `pipelines`. */
  readonly pipeline: string;
  readonly class_: string;
  /** Folders of the nets, relative to the case's. */
  readonly controlnet: readonly string[];
  readonly call: GenerateConfig;
  readonly height: number;
  readonly width: number;
  readonly num_inference_steps: number;
  /** Null where the noise is given. */
  readonly seed: number | null;
}

const TOLERANCE = 2e-3;

/** A pipeline with ControlNets that follow pictures. @returns `undefined` for a family that is not built yet */
export function controlNetCase(folder: string, root: string): (() => Promise<void>) | undefined {
  const about: About = JSON.parse(readFileSync(join(folder, "about.json"), "utf8"));
  const { pipeline, class_, controlnet, seed, height, width, num_inference_steps } = about;
  const model = join(root, "pipelines", pipeline);
  // The picture was given as a tensor, which the reference takes as it is: 0..1 here, and -1..1 for the VAE elsewhere.
  const isPlain = class_.startsWith("StableDiffusion");
  if (!isBuilt(model)) return undefined;
  return async () => {
    const io = readSafetensors(join(folder, "io.safetensors"));
    const nets = controlnet.map((net, i) => [i === 0 ? "controlnet" : `controlnet_${i}`, join(folder, net)]);
    const pictures = controlnet.flatMap((_, i) => {
      const { shape, data } = io.get(`in.control_image${i === 0 ? "" : i}`) as Floats;
      return picturesOf(floats(shape, isPlain ? data : data.map((x) => (x + 1) / 2)));
    });
    const settings = { height, width, num_inference_steps, ...withoutTemplates(about.call) };
    const config = { model, components: Object.fromEntries(nets), generate: settings };
    const start = seed === null ? { latents: io.get("in.latents") as Floats } : { seed };
    expectImages(await generate(config, { ...start, controlPicture: pictures }), io.get("out.image")!, TOLERANCE);
  };
}
