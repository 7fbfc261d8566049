import { writeFileSync } from "node:fs";
import path from "node:path";
import { type StoredTensor, safetensors } from "@skipstep/contract/graph";
import type { Image } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { openLpips } from "../src/quality/lpips";
import { temporaryFolder } from "./temporary-folder";

/**
 * Right values are those of the package lpips 0.1.4 with torch 2.13.0, its networks and its linear layers, on the same
 * numbers: whoever has the true weights has ten times what a repository should hold.
 */

const folder = temporaryFolder();

type Net = "alex" | "vgg";

/** Convolutions by their place in `features`: out, in, kernel. */
const layers: Readonly<Record<Net, readonly (readonly [number, number, number, number])[]>> = {
  alex: [
    [0, 64, 3, 11],
    [3, 192, 64, 5],
    [6, 384, 192, 3],
    [8, 256, 384, 3],
    [10, 256, 256, 3],
  ],
  vgg: [
    [0, 64, 3, 3],
    [2, 64, 64, 3],
    [5, 128, 64, 3],
    [7, 128, 128, 3],
    [10, 256, 128, 3],
    [12, 256, 256, 3],
    [14, 256, 256, 3],
    [17, 512, 256, 3],
    [19, 512, 512, 3],
    [21, 512, 512, 3],
    [24, 512, 512, 3],
    [26, 512, 512, 3],
    [28, 512, 512, 3],
  ],
};

const channels: Readonly<Record<Net, readonly number[]>> = {
  alex: [64, 192, 384, 256, 256],
  vgg: [64, 128, 256, 512, 512],
};

function made(shape: readonly number[], seed: number, scale: number): Float32Array {
  const count = shape.reduce((product, side) => product * side, 1);
  return Float32Array.from({ length: count }, (_, i) => {
    const mixed = (i * 7919 + seed * 104_729) % 1009;
    return (((mixed * mixed + (i % 613)) % 1013) / 1013 - 0.5) * scale;
  });
}

function stored(shape: readonly number[], values: Float32Array): StoredTensor {
  return { dtype: "float32", shape: [...shape], bytes: values };
}

/** A network's convolutions. @param nameOf by place */
function network(net: Net, nameOf: (index: number) => string): Record<string, StoredTensor> {
  return Object.fromEntries(
    layers[net].flatMap(([index, out, into, kernel]) => {
      const shape = [out, into, kernel, kernel];
      const weight = made(shape, 2 * index, 6 / Math.sqrt(into * kernel * kernel));
      return [
        [`${nameOf(index)}.weight`, stored(shape, weight)],
        [`${nameOf(index)}.bias`, stored([out], made([out], 2 * index + 1, 0.2))],
      ];
    }),
  );
}

/** Weights of differences, none of which is below 0. */
function heads(net: Net, nameOf: (i: number) => string): Record<string, StoredTensor> {
  return Object.fromEntries(
    channels[net].map((count, i) => {
      const values = made([1, count, 1, 1], 100 + i, 1).map(Math.abs);
      return [`${nameOf(i)}.model.1.weight`, stored([1, count, 1, 1], values)];
    }),
  );
}

function written(name: string, tensors: Readonly<Record<string, StoredTensor>>): string {
  const file = path.join(folder.path, name);
  writeFileSync(file, safetensors(tensors));
  return file;
}

function image(seed: number, width: number, height: number): Image {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let colour = 0; colour < 3; colour++) {
        const tile = (Math.floor(x / 5) + Math.floor(y / 7)) % 3;
        data[3 * (y * width + x) + colour] = x * (5 + seed) + y * 3 + colour * 29 + tile * 40 * seed;
      }
  return { width, height, data } as Image;
}

describe("LPIPS", () => {
  it("is the reference's for AlexNet, from one file as lpips.LPIPS has it, or from torchvision's and another", async () => {
    const slices = new Map([0, 3, 6, 8, 10].map((index, i) => [index, `net.slice${i + 1}.${index}`]));
    const whole = written("lpips.safetensors", {
      ...network("alex", (index) => slices.get(index)!),
      ...heads("alex", (i) => `lin${i}`),
      "scaling_layer.shift": stored([1], new Float32Array(1)),
    });
    const apart = [
      written(
        "alexnet.safetensors",
        network("alex", (index) => `features.${index}`),
      ),
      written(
        "linear.safetensors",
        heads("alex", (i) => `loss.lins.${i}`),
      ),
    ];
    for (const files of [[whole], apart]) {
      const lpips = await openLpips(files, { width: 64, height: 48 }, 1);
      try {
        expect(lpips.net).toBe("alex");
        expect(await lpips.distance(image(1, 64, 48), image(2, 64, 48))).toBeCloseTo(0.571363091468811, 5);
        expect(await lpips.distance(image(1, 64, 48), image(1, 64, 48))).toBe(0);
        if (files !== apart) continue;
        expect(await lpips.distance(image(1, 97, 65), image(2, 97, 65))).toBeCloseTo(0.5927870869636536, 5);
      } finally {
        await lpips.close();
      }
    }
  });

  it.runIf(process.env.SKIPSTEP_LPIPS_VGG)("is the reference's for VGG16, whose weights take 59 MB", async () => {
    const file = written("vgg.safetensors", {
      ...network("vgg", (index) => `features.${index}`),
      ...heads("vgg", (i) => `lin${i}`),
    });
    const lpips = await openLpips([file], { width: 64, height: 48 }, 1);
    try {
      expect(lpips.net).toBe("vgg");
      expect(await lpips.distance(image(1, 64, 48), image(2, 64, 48))).toBeCloseTo(0.7617199420928955, 5);
      expect(await lpips.distance(image(1, 97, 65), image(2, 97, 65))).toBeCloseTo(0.8207768201828003, 5);
    } finally {
      await lpips.close();
    }
  });

  it("says what is missing, and that images are too small, before anything is drawn", async () => {
    const size = { width: 64, height: 48 };
    const first = network("alex", (index) => `features.${index}`);
    const few = Object.fromEntries(Object.entries(first).slice(0, 2));
    const lin = heads("alex", (i) => `lin${i}`);
    for (const [tensors, message] of [
      [lin, /the network is not in it: features\.0\.weight/],
      [few, /the weights of differences are not in it/],
      [{ ...few, ...lin }, /"3\.weight" is missing/],
    ] as const) {
      const opened = openLpips([written("part.safetensors", tensors)], size);
      await expect(opened).rejects.toMatchObject({ code: "SKIPSTEP_LPIPS_WEIGHTS" });
      await expect(opened).rejects.toThrow(message);
    }
    const small = openLpips([path.join(folder.path, "lpips.safetensors")], { width: 64, height: 16 });
    await expect(small).rejects.toThrow(/alex sees nothing in images of 64 x 16 pixels/);
  });
});
