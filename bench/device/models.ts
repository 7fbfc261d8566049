import { cpSync } from "node:fs";
import { join } from "node:path";
import { writeRandomDit } from "../random-dit";
import { writeRandomSd15 } from "../random-sd15";
import { writeRandomZImage } from "../random-z-image";

const root = join(import.meta.dirname, "../..");
const fixtures = join(root, "test/golden/pipelines");

/** A model at one size. */
interface Sized {
  readonly title: string;
  /** Writes its folder. */
  write(folder: string): void;
  readonly generate: Readonly<Record<string, unknown>>;
}

/** A model that is measured: at its own size, and small, for drivers that are not a GPU. */
export interface MeasuredModel {
  readonly full: Sized;
  readonly small: Sized;
  /** A step cache whose decisions no weights change, where these are random. */
  readonly cache: { readonly name: string; readonly use: string; readonly options: Readonly<Record<string, unknown>> };
  /** Whether the CPU draws it as well, in a time that can be waited for. */
  readonly onCpu: boolean;
}

const fora = { name: "fora", use: "@skipstep/plugin-fora", options: { interval: 3 } };
const seed = 42;
const heart = { prompt: "red heart", guidance_scale: 2, seed };

function copied(from: string): Sized["write"] {
  return (folder) => cpSync(from, folder, { recursive: true });
}

export const measuredModels: Readonly<Record<string, MeasuredModel>> = {
  emoji: {
    full: {
      title: "emoji, 128 px",
      write: copied(join(root, "models/emoji")),
      generate: { ...heart, num_inference_steps: 20, height: 128, width: 128 },
    },
    small: {
      title: "emoji, 32 px",
      write: copied(join(root, "models/emoji")),
      generate: { ...heart, num_inference_steps: 4, height: 32, width: 32 },
    },
    cache: { name: "fbcache", use: "@skipstep/plugin-fbcache", options: { threshold: 0.12 } },
    onCpu: true,
  },
  sd15: {
    full: {
      title: "SD 1.5, 512 px",
      write: (folder) => void writeRandomSd15(folder),
      generate: { prompt: "a cat", num_inference_steps: 10, guidance_scale: 7.5, height: 512, width: 512, seed },
    },
    small: {
      title: "SD 1.5, of the golden data",
      write: copied(join(fixtures, "sd15")),
      generate: { prompt: "a cat", num_inference_steps: 4, height: 64, width: 64, seed },
    },
    cache: { name: "deepcache", use: "@skipstep/plugin-deepcache", options: { cache_interval: 3, cache_branch_id: 0 } },
    onCpu: false,
  },
  dit: {
    full: {
      title: "DiT-XL/2, 256 px",
      write: (folder) => void writeRandomDit(folder),
      generate: { class_labels: [207], num_inference_steps: 10, guidance_scale: 4, seed },
    },
    small: {
      title: "DiT, of the golden data",
      write: copied(join(fixtures, "dit")),
      generate: { class_labels: [1], num_inference_steps: 4, seed },
    },
    cache: fora,
    onCpu: false,
  },
  "z-image": {
    full: {
      title: "Z-Image shape 1280 x 10, 512 px",
      write: (folder) => void writeRandomZImage(folder, { dim: 1280, n_layers: 10, dtype: "float16" }),
      generate: { ...heart, num_inference_steps: 10, height: 512, width: 512 },
    },
    small: {
      title: "Z-Image, of the golden data",
      write: copied(join(fixtures, "z-image")),
      generate: { prompt: "a cat", num_inference_steps: 4, height: 64, width: 64, seed },
    },
    cache: fora,
    onCpu: false,
  },
};
