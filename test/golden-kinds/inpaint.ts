import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expectWithin, readSafetensors } from "@skipstep/contract/graph";
import type { ConfigInput, GenerateConfig, GenerateRequest, GenerateResult, Image } from "@skipstep/core";
import { type Floats, floats, type Tensor } from "@skipstep/core/model";
import { isBuilt } from "../../packages/core/test/is-built";
import { withoutTemplates } from "./image-to-image";
import { withLinkedModel } from "./linked-model";
import { type Picture, picturesOf } from "./pictures";
import { expectImages, generate } from "./pipelines";

/** What the reference was called with. */
interface About {
  /** Folder below `pipelines`. */
  readonly pipeline: string;
  /** Components in place of its own, from the case's folder. */
  readonly folder?: string;
  readonly class_: string;
  readonly seed: number;
  readonly call: GenerateConfig;
  readonly num_inference_steps: number;
  /** What the generator drew, in order: the first shape ends with latent rows and columns. */
  readonly draws: readonly (readonly number[])[];
  /** Of the result. */
  readonly height: number;
  readonly width: number;
  /** In place of the checkpoint's: what diffusers' `from_config` was told. */
  readonly scheduler?: NonNullable<ConfigInput["scheduler"]>;
}

const TOLERANCE = 2e-3;
/** Where the result went through 8 bits: one step of them. */
const STEP = 1 / 255 + 1e-6;

/** From an image, a mask and a seed to an image. @returns `undefined` for a family that is not built yet */
export function inpaintCase(folder: string, root: string): (() => Promise<void>) | undefined {
  const about: About = JSON.parse(readFileSync(join(folder, "about.json"), "utf8"));
  const { pipeline, seed, num_inference_steps, scheduler } = about;
  const model = join(root, "pipelines", pipeline);
  if (!isBuilt(model)) return undefined;
  const call = withoutTemplates(about.call);
  const isCropped = call.padding_mask_crop !== undefined;
  return async () => {
    const io = readSafetensors(join(folder, "io.safetensors"));
    const pictures = existsSync(join(folder, "image.png")) ? filesIn(folder) : inMemory(io);
    const request = { seed, ...pictures, ...reference(io) };
    const settings = { ...drawnSize(about, isCropped), num_inference_steps, ...call };
    const config = { generate: settings, ...(scheduler ? { scheduler } : {}) };
    const run = async (path: string): Promise<void> =>
      expectInpainted(await generate({ ...config, model: path }, request), about, io.get("out.image")!, isCropped);
    // Under the class that inpaints, where components are not all the pipeline's own.
    await (about.folder ? withLinkedModel(about.class_, [join(folder, about.folder), model], run) : run(model));
  };
}

/** A cropped one is as large as its image, and was drawn smaller. */
function drawnSize({ pipeline, draws, height, width }: About, isCropped: boolean): GenerateConfig {
  if (!isCropped) return { height, width };
  const cell = pipeline.startsWith("flux2") ? 16 : 8;
  const [rows, columns] = draws[0]!.slice(-2) as [number, number];
  return { height: cell * rows, width: cell * columns };
}

function filesIn(folder: string): GenerateRequest {
  const references = readdirSync(folder).filter((name) => /^image_reference\d\.png$/.test(name));
  return {
    image: join(folder, "image.png"),
    mask: join(folder, "mask_image.png"),
    ...(references.length > 0 ? { image_reference: references.sort().map((name) => join(folder, name)) } : {}),
  };
}

function inMemory(io: ReadonlyMap<string, Tensor>): GenerateRequest {
  const [picture] = picturesOf(io.get("in.image")!) as [Picture];
  const [maskPicture] = picturesOf(grey(io.get("in.mask") as Floats)) as [Picture];
  return { picture, maskPicture };
}

function reference(io: ReadonlyMap<string, Tensor>): GenerateRequest {
  const image = io.get("in.image_reference");
  return image ? { referencePicture: picturesOf(image)[0]! } : {};
}

/** @param mask `[1, 1, H, W]` @returns `[1, 3, H, W]` */
function grey({ shape: [, , height, width], data }: Floats): Floats {
  const values = Float32Array.from({ length: 3 * data.length }, (_, at) => data[at % data.length]!);
  return floats([1, 3, height!, width!], values);
}

function expectInpainted(result: GenerateResult, about: About, expected: Tensor, isCropped: boolean): void {
  if (!isCropped) {
    expectImages(result, expected, TOLERANCE);
    return;
  }
  const [{ data }] = result.images as [Image];
  const bytes = floats(
    [about.height, about.width, 3],
    Float32Array.from(data, (byte) => byte / 255),
  );
  expectWithin("image", bytes, expected, STEP);
}
