import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { Kind } from "../../../../test/fuzz/kind";
import { MutatedFiles } from "../../../../test/fuzz/mutated-file";
import { loadPicture, pictureSize } from "../../src/image/load-picture";

const formats = ["png", "jpeg", "webp", "gif", "tiff"] as const;

/** Pictures to begin with. */
export const pictureKinds: readonly Kind[] = [
  {
    name: "picture",
    weight: 3,
    async prepare({ folder }) {
      const pixels = Buffer.from(Array.from({ length: 24 * 16 * 4 }, (_, i) => (i * 37) % 256));
      const image = sharp(pixels, { raw: { width: 24, height: 16, channels: 4 } });
      const files = formats.map((format) => join(folder, `picture.${format}`));
      for (const [i, file] of files.entries())
        writeFileSync(file, await image.clone().withMetadata({ orientation: 6 }).toFormat(formats[i]!).toBuffer());
      const mutated = new MutatedFiles(files);
      const load = async (file: string): Promise<boolean> => {
        await pictureSize(file);
        await loadPicture(file, 32, 32);
        return false;
      };
      return { attempt: (random) => mutated.with(random, load), sound: () => Promise.all(files.map(load)) };
    },
  },
];
