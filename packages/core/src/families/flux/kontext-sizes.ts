import type { PictureSize } from "../../image/picture";
import type { Configs } from "../../loop/family";
import type { KontextSettings } from "./kontext-settings";
import { tokenPixels } from "./sizes";

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

/** Whole tokens. */
function floored(configs: Configs, side: number): number {
  return side - (side % tokenPixels(configs));
}
