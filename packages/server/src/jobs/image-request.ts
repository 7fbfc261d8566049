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
  /** Texts for the PNG besides the recipe, for the image of a seed. */
  readonly texts?: ((seed: number) => Readonly<Record<string, string>>) | undefined;
}

/** What a job is drawn from: its pictures are files by now, whose paths stand in the settings. */
export type DrawnRequest = Omit<ImageRequest, "uploads">;
