import { loadPicture } from "../../image/load-picture";
import { type PictureSize, picturesOf } from "../../image/picture";
import type { Configs, FamilyParts, References, SettingProblem } from "../../loop/family";
import { stack } from "../../loop/guidance";
import { imageCount, type SettingsOf } from "../../loop/settings";
import { flag, integer } from "../../schema/option";
import { setting } from "../../settings/setting";
import type { Floats } from "../../tensor";
import { Autoencoder } from "../autoencoders/autoencoder";
import { PACK, packLatents } from "../blocks/packed-latents";
import type { FluxVariant } from "./pipeline";
import { fluxSettings } from "./settings";
import { tokenPixels } from "./sizes";

const MOST_IMAGES = 10;
/** Taken for one that nobody looked at yet. */
const unseen: PictureSize = { width: 1024, height: 1024 };

/** Sizes that Kontext was trained on; the others are these turned. */
const portraits: readonly (readonly [width: number, height: number])[] = [
  [672, 1568],
  [688, 1504],
  [720, 1456],
  [752, 1392],
  [800, 1328],
  [832, 1248],
  [880, 1184],
  [944, 1104],
];
const trainedSizes: readonly PictureSize[] = [
  ...portraits.map(([width, height]) => ({ width, height })),
  { width: 1024, height: 1024 },
  ...portraits.toReversed().map(([height, width]) => ({ width, height })),
];

export const kontextSettings = {
  ...fluxSettings,
  max_area: setting<number>(
    integer(undefined, { minimum: 1, description: "Pixels of the image; height and width only give its shape." }),
    1024 ** 2,
  ),
  _auto_resize: setting<boolean>(
    flag(
      undefined,
      "Show the model the image to look at in the nearest shape that it was trained on, at about a million pixels. False keeps the image's own size.",
    ),
    true,
  ),
};

export type KontextSettings = SettingsOf<typeof kontextSettings>;

/** One image for all that is drawn, or several in turn, as large as the first. */
export const kontextReferences: References = {
  most: MOST_IMAGES,
  problem: ({ width, height }, configs) => {
    const least = tokenPixels(configs);
    return Math.min(width, height) < least
      ? `must be at least ${least} pixels on each side, found ${width} x ${height}`
      : undefined;
  },
};

/** Height and width in the shape that is asked for, with `max_area` pixels; that becomes what they have. */
export function settle(configs: Configs, { height, width, max_area }: KontextSettings): Partial<KontextSettings> {
  const whole = (side: number): number => floored(configs, Math.round(side));
  const drawn = {
    height: whole(Math.sqrt(max_area / (width / height))),
    width: whole(Math.sqrt(max_area * (width / height))),
  };
  const remark = `height ${height} and width ${width} give the shape of the image, and max_area its size: it is ${drawn.width} x ${drawn.height}.`;
  return {
    ...drawn,
    max_area: drawn.height * drawn.width,
    ...(drawn.height === height && drawn.width === width ? {} : { remarks: [remark] }),
  };
}

export function kontextProblems(settings: KontextSettings): SettingProblem[] {
  const { height, width, image } = settings;
  const looked = picturesOf(image).length;
  const images = imageCount(settings);
  return [
    ...(height > 0 && width > 0
      ? []
      : [{ key: "max_area", text: `is too small for the shape of height and width: it leaves ${width} x ${height}` }]),
    ...(looked < 2 || images === 0 || images % looked === 0
      ? []
      : [
          { key: "image", text: `must be one, or a number that divides the ${images} images to draw, found ${looked}` },
        ]),
  ];
}

/** The size that the model sees images in, by the first of them; none without one. */
export function seenSize(
  configs: Configs,
  { image, pictures = [], _auto_resize }: KontextSettings,
): PictureSize | undefined {
  if (image === undefined) return undefined;
  const [picture = unseen] = pictures;
  const own = { width: floored(configs, picture.width), height: floored(configs, picture.height) };
  if (!_auto_resize) return own;
  const aspect = own.width / own.height;
  const distance = ({ width, height }: PictureSize): number => Math.abs(aspect - width / height);
  const nearest = trainedSizes.reduce((best, size) => (distance(size) < distance(best) ? size : best));
  return { width: floored(configs, nearest.width), height: floored(configs, nearest.height) };
}

/** How images are looked at: through the autoencoder, nothing drawn. */
export function kontextLook(parts: FamilyParts): Required<FluxVariant>["look"] {
  const autoencoder = new Autoencoder(parts, "vae");
  return async (settings, signal) => {
    const seen = seenSize(parts.configs, settings as KontextSettings);
    if (!seen) return undefined;
    const { width, height } = seen;
    const tiling = settings.vae_tiling;
    const encoded: Floats[] = [];
    for (const source of picturesOf(settings.image)) {
      const latents = await autoencoder.encode(await loadPicture(source, width, height), undefined, { tiling, signal });
      encoded.push(packLatents(latents));
    }
    const pixels = autoencoder.scaleFactor * PACK;
    return { tokens: stack(encoded), grid: { height: height / pixels, width: width / pixels } };
  };
}

/** Whole tokens. */
function floored(configs: Configs, side: number): number {
  return side - (side % tokenPixels(configs));
}
