import type { Image } from "@skipstep/core";
import sharp from "sharp";
import { addressOf } from "../page/picture";

/** Levels of 255 that are as bright as it gets: a difference that leaps to the eye. The same in all maps, so that they can be compared. */
export const fullDifference = 64;

/** From equal to different: black, violet, red, orange, nearly white. Brightness rises evenly, for those who see no colours. */
const ramp = [
  [0, 0, 0],
  [66, 20, 104],
  [170, 45, 85],
  [240, 120, 40],
  [255, 246, 190],
] as const;

/** Where an image differs from another: by pixel the largest difference of a colour, as RGB from the top left. */
export function differenceMap(image: Pick<Image, "data">, reference: Pick<Image, "data">): Uint8Array {
  const map = new Uint8Array(image.data.length);
  for (let at = 0; at < map.length; at += 3) {
    let most = 0;
    for (let colour = 0; colour < 3; colour++)
      most = Math.max(most, Math.abs(image.data[at + colour]! - reference.data[at + colour]!));
    map.set(colourOf(most / fullDifference), at);
  }
  return map;
}

/** The map as the address of an `img`. */
export async function differenceAddress(image: Image, reference: Image): Promise<string> {
  const { width, height } = image;
  const png = await sharp(differenceMap(image, reference), { raw: { width, height, channels: 3 } })
    .png({ palette: true, colours: 256, dither: 0 })
    .toBuffer();
  return addressOf("image/png", png);
}

/** @param share 0 for equal; 1 and above for the brightest */
function colourOf(share: number): number[] {
  const place = Math.min(1, share) * (ramp.length - 1);
  const index = Math.min(ramp.length - 2, Math.floor(place));
  const [from, to] = [ramp[index]!, ramp[index + 1]!];
  return from.map((value, i) => Math.round(value + (to[i]! - value) * (place - index)));
}
