import type { GenerateConfig, PictureSetting, PluginUse } from "@skipstep/core";

export type OutputFormat = "png" | "jpeg" | "webp";

export interface Output {
  readonly format: OutputFormat;
  /** Quality of JPEG and WebP, 0 to 100. */
  readonly compression?: number | undefined;
}

/** Files of pictures that came with a request, by setting. */
export type Uploads = Readonly<Partial<Record<PictureSetting, readonly Uint8Array[]>>>;

/** What each of the APIs makes of a request. */
export interface ImageRequest {
  readonly model: string;
  /** As in a config's `generate`; pictures are in `uploads`. */
  readonly settings: GenerateConfig;
  /** A generation for each, one image after the other; the settings' own `seed` when left out. */
  readonly seeds?: readonly number[] | undefined;
  readonly scheduler?: { readonly type: string; readonly [option: string]: unknown } | undefined;
  /** All plugins of this request; the config's when left out. */
  readonly plugins?: readonly PluginUse[] | undefined;
  readonly uploads: Uploads;
  readonly output: Output;
  /** Previews on the way, evenly spaced. */
  readonly previews: number;
  /** Higher goes first. */
  readonly priority: number;
  /** Texts for the PNG besides the recipe, by the seed of the image. */
  readonly texts?: Readonly<Record<number, Readonly<Record<string, string>>>> | undefined;
  /** Its client waits on the line for the images: nobody wants them when the server has gone. */
  readonly isAwaited: boolean;
}

/** A request as it waits: JSON, whose pictures are blobs. */
export interface QueuedRequest extends Omit<ImageRequest, "uploads"> {
  /** Keys of blobs, by setting. */
  readonly pictures: Readonly<Partial<Record<PictureSetting, readonly string[]>>>;
}
