import type { ImageModelV3CallOptions, ImageModelV3File } from "@ai-sdk/provider";
import { type GenerateRequest, type Picture, readPicture, shownMask } from "@skipstep/core";
import type { OpenModel } from "./open-model";

/** JSON, of which each version of the SDK has a type of its own. */
type Json = null | string | number | boolean | Json[] | { [key: string]: Json };

/** What a call asks for; those of AI SDK 5 have neither files nor a mask. */
export type Call = Omit<ImageModelV3CallOptions, "files" | "mask" | "providerOptions"> &
  Partial<Pick<ImageModelV3CallOptions, "files" | "mask">> & {
    readonly providerOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };

/** What cannot be honoured, and why. */
export interface Unsupported {
  readonly feature: "aspectRatio";
  readonly details: string;
}

/** What a call comes to, in words that all versions share. */
export interface Drawn {
  readonly images: Uint8Array[];
  readonly unsupported: readonly Unsupported[];
  readonly messages: readonly string[];
  /** An entry for each image; the SDK hands on nothing else. */
  readonly metadata: { readonly skipstep: { readonly images: Json[] } };
  readonly response: { readonly timestamp: Date; readonly modelId: string; readonly headers: undefined };
}

/** Images of one generation at most; the SDK would make several calls of more, each with the same seed. */
export const mostImages = 256;

/**
 * Draws what a call asks for.
 * @throws what `generate` and `readPicture` throw; the abort's reason where it was given up
 */
export async function draw(model: OpenModel, call: Call): Promise<Drawn> {
  const { prompt, n, size, aspectRatio, seed, files = [], mask, abortSignal, providerOptions } = call;
  abortSignal?.throwIfAborted();
  const timestamp = new Date();
  const [width, height] = size?.split("x").map(Number) ?? [];
  const pictures = await Promise.all(files.map((file, i) => pictureOf(file, `files[${i}]`)));
  const pipeline = await model.pipeline();
  const request: GenerateRequest = {
    ...(providerOptions?.skipstep as GenerateRequest | undefined),
    ...(prompt === undefined ? {} : { prompt }),
    num_images_per_prompt: n,
    ...(size === undefined ? {} : { width: width!, height: height! }),
    ...(seed === undefined ? {} : { seed }),
    ...(pictures.length === 0 ? {} : { picture: pictures.length === 1 ? pictures[0]! : pictures }),
    ...(mask === undefined
      ? {}
      : { maskPicture: await readPicture(await shownMask(bytesOf(mask, "mask"), "mask"), "mask") }),
    signal: abortSignal,
  };
  try {
    const { images, report } = await pipeline.generate(request);
    const told: Json = JSON.parse(JSON.stringify(report));
    const drawn = images.map(({ width, height }, image) => ({ seed: report.seed, image, width, height, report: told }));
    return {
      images: await Promise.all(images.map((image) => image.toPng())),
      unsupported: aspectRatio === undefined ? [] : [{ feature: "aspectRatio", details: "Give a size in its place." }],
      messages: report.warnings,
      metadata: { skipstep: { images: drawn } },
      response: { timestamp, modelId: model.id, headers: undefined },
    };
  } catch (error) {
    abortSignal?.throwIfAborted(); // the SDK knows its own signal's reason
    throw error;
  }
}

async function pictureOf(file: ImageModelV3File, name: string): Promise<Picture> {
  return readPicture(bytesOf(file, name), name);
}

/** @throws TypeError for an address: nothing is fetched here */
function bytesOf(file: ImageModelV3File, name: string): Uint8Array {
  if (file.type === "url")
    throw new TypeError(`${name} is an address, and Skipstep fetches none: give the file's bytes.`);
  return typeof file.data === "string" ? Buffer.from(file.data, "base64") : file.data;
}
