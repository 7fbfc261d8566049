import { join } from "node:path";
import { readSafetensors } from "@skipstep/contract/graph";
import type { GenerateResult } from "@skipstep/core";
import { type Floats, floats } from "@skipstep/core/model";
import sharp from "sharp";
import { expect } from "vitest";
import { type Picture, picturesOf } from "./golden-kinds/pictures";

const golden = join(import.meta.dirname, "golden");

/** Folders of the models that ControlNets are tried on, and of the nets. */
export const model = (name: string): string => join(golden, "pipelines", name);
export const net = (name: string): string => join(golden, "extras", `controlnet-${name}`, "controlnet");

/** Of the golden data, as a file has it. */
function pictureIn(name: string, tensor: string): Picture {
  const { shape, data } = readSafetensors(join(golden, "extras", name, "io.safetensors")).get(tensor) as Floats;
  const [picture] = picturesOf(
    floats(
      shape,
      data.map((x) => Math.round(x * 255) / 255),
    ),
  );
  return picture!;
}

/** What the references of `golden/pictures/control-nets` were shown. */
export const shown = {
  picture: pictureIn("image-to-image-sd15", "in.image"),
  controlPicture: pictureIn("controlnet-sd15", "in.control_image"),
};

/** Within half a step of the 8 bits of `golden/pictures/control-nets`, and 2e-3. */
export async function expectPicture(
  name: string,
  { images: [image] }: GenerateResult,
  most = 0.5 / 255 + 2e-3,
): Promise<void> {
  const pixels = await sharp(join(golden, "pictures/control-nets", `${name}.png`))
    .raw()
    .toBuffer();
  expect(pixels.length).toBe(image!.values.length);
  const found = pixels.reduce((max, byte, i) => Math.max(max, Math.abs(byte / 255 - image!.values[i]!)), 0);
  expect(found).toBeLessThan(most);
}
