import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectWithin, readSafetensors } from "@skipstep/contract/graph";
import type { GenerateConfig, GenerateRequest, Image } from "@skipstep/core";
import { type Floats, floats } from "@skipstep/core/model";
import { isBuilt } from "../../packages/core/test/is-built";
import { withoutTemplates } from "./image-to-image";
import { type Picture, picturesOf } from "./pictures";
import { expectImages, generate } from "./pipelines";

/** What the reference was called with. */
interface About {
  /** Folder below `pipelines`. */
  readonly pipeline: string;
  /** Of the checkpoint, from the case's own, where it is none of them. */
  readonly folder?: string;
  readonly seed: number;
  readonly call: GenerateConfig;
  readonly num_inference_steps: number;
  /** Of each thing that the generator drew: the first shape ends with latent rows and columns. */
  readonly draws: readonly (readonly number[])[];
  /** Of the result. */
  readonly height: number;
  readonly width: number;
}

const TOLERANCE = 2e-3;
/** Where the image went through 8 bits: one step of them. */
const STEP = 1 / 255 + 1e-6;

/** From an image, a mask and a seed to an image. @returns `undefined` for a family that is not built yet */
export function inpaintCase(folder: string, root: string): (() => Promise<void>) | undefined {
  const about: About = JSON.parse(readFileSync(join(folder, "about.json"), "utf8"));
  const { pipeline, seed, height, width, num_inference_steps } = about;
  const model = about.folder ? join(folder, about.folder) : join(root, "pipelines", pipeline);
  if (!isBuilt(model)) return undefined;
  const call = withoutTemplates(about.call);
  const isCropped = call.padding_mask_crop !== undefined;
  return async () => {
    const io = readSafetensors(join(folder, "io.safetensors"));
    const [picture] = picturesOf(io.get("in.image")!) as [Picture];
    const [maskPicture] = picturesOf(grey(io.get("in.mask") as Floats)) as [Picture];
    const reference = io.get("in.image_reference");
    const request: GenerateRequest = {
      seed,
      ...(isCropped
        ? { image: join(folder, "image.png"), mask: join(folder, "mask_image.png") }
        : { picture, maskPicture }),
      ...(reference ? { referencePicture: picturesOf(reference)[0]! } : {}),
    };
    // Of what is drawn: a small model cannot draw its family's usual size.
    const [rows, columns] = about.draws[0]!.slice(-2) as [number, number];
    const cell = pipeline.startsWith("flux2") ? 16 : 8;
    const size = isCropped ? { height: cell * rows, width: cell * columns } : { height, width };
    const result = await generate({ model, generate: { ...size, num_inference_steps, ...call } }, request);
    const [{ data }] = result.images as [Image];
    if (isCropped)
      expectWithin(
        "image",
        floats(
          [height, width, 3],
          Float32Array.from(data, (x) => x / 255),
        ),
        io.get("out.image")!,
        STEP,
      );
    else expectImages(result, io.get("out.image")!, TOLERANCE);
  };
}

/** @param mask `[1, 1, H, W]` @returns `[1, 3, H, W]` */
function grey({ shape: [, , height, width], data }: Floats): Floats {
  return floats(
    [1, 3, height!, width!],
    Float32Array.from({ length: 3 * data.length }, (_, at) => data[at % data.length]!),
  );
}
