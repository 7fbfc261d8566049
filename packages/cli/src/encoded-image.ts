import { extname } from "node:path";
import { type Image, readRecipe } from "@skipstep/core";

interface Keeping {
  /** False leaves out how the image was made. */
  readonly recipe: boolean;
  /** Of files with loss, 1 to 100. */
  readonly quality?: number;
}

/** How an image becomes a file, by the end of its name; the first is what is taken where none is given. */
const encoders = {
  ".png": (image, { recipe }) => image.toPng({ recipe }),
  ".jpg": (image, keeping) => image.toJpeg(keeping),
  ".jpeg": (image, keeping) => image.toJpeg(keeping),
  ".webp": (image, keeping) => image.toWebp(keeping),
} as const satisfies Readonly<Record<string, (image: Image, keeping: Keeping) => Promise<Uint8Array>>>;

export const imageEndings = Object.keys(encoders) as readonly (keyof typeof encoders)[];

/** Whether images are written under such names. */
export function isImageName(file: string): boolean {
  return Object.hasOwn(encoders, extname(file).toLowerCase());
}

/** An image as the file that its name says. @param file one that `isImageName` */
export function encodedFor(file: string, image: Image, keeping: Keeping): Promise<Uint8Array> {
  return encoders[extname(file).toLowerCase() as keyof typeof encoders](image, keeping);
}

/** Whether the recipe found room in a file. */
export function carriesRecipe(content: Uint8Array, file: string): boolean {
  try {
    readRecipe(content, file);
    return true;
  } catch {
    return false;
  }
}
