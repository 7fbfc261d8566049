/** Makes models/emoji/samples.webp, the sheet of the model card: one image a prompt, seed 42. Needs a build. */
import { join } from "node:path";
import { createPipeline } from "@skipstep/core";
import sharp from "sharp";
import { root } from "./pnpm.mjs";

const prompts = [
  "red heart",
  "grinning face",
  "slightly smiling face",
  "cat face",
  "house",
  "green book",
  "rocket",
  "pizza",
  "purple heart",
  "cat face red heart",
  "sunflower",
  "robot",
];
const columns = 6;

const pipeline = await createPipeline(join(root, "configs/emoji.json"));
const { images, report } = await pipeline.generate({ prompt: prompts, seed: 42 });
await pipeline.close();

const { width, height } = images[0];
const tiles = await Promise.all(
  images.map(async (image, i) => ({
    input: Buffer.from(await image.toPng()),
    left: (i % columns) * width,
    top: Math.floor(i / columns) * height,
  })),
);
const sheet = { width: columns * width, height: Math.ceil(images.length / columns) * height, channels: 3 };
const file = join(root, "models/emoji/samples.webp");
await sharp({ create: { ...sheet, background: "white" } })
  .composite(tiles)
  .webp({ lossless: true, effort: 6 })
  .toFile(file);
console.log(`${file}: ${prompts.join(", ")} (${report.seconds.total.toFixed(1)} s)`);
